import { DtypeError, EquivarError, HostArray, InputError, Path, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct, ShapeError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectNoLeaks, read, scoped } from '../support/numbers.ts'

const operand = new SegmentedOperand([[2]])
/** `y[u] = x[u]` */
const copy = SegmentedPolynomial.evalLastOperand(new SegmentedTensorProduct('u,u', [operand, operand], [new Path([0, 0], HostArray.scalar(1))]))

describe('arrays', () => {
  expectNoLeaks()

  test(
    'take dtype and shape from the data',
    scoped(() => {
      expect(`${eq.array([[1, 2], [3, 4]])}`).toBe('float32[2, 2]')
      expect(`${eq.array(Float64Array.of(1, 2))}`).toBe('float64[2]')
      expect(`${eq.array(Int32Array.of(1, 2, 3, 4), { shape: [2, 2] })}`).toBe('int32[2, 2]')
      expect(eq.array([1, 2], { dtype: 'int64' }).dtype).toBe('int32')
      expect(read(eq.array(BigInt64Array.of(5n, -7n)))).toEqual([5, -7])
      expect(eq.scalar(2).shape).toEqual([])
      expect(read(eq.arange(0, 3))).toEqual([0, 1, 2])
      expect(read(eq.arange(1, 0, -0.25, { dtype: 'float64' }))).toEqual([1, 0.75, 0.5, 0.25])
      expect(read(eq.full([2], 1, { dtype: 'bool' }))).toEqual([1, 1])
      expect(read(eq.iota([2, 3], 1, 'int32'))).toEqual([0, 1, 2, 0, 1, 2])
    }),
  )

  test(
    'copy what they are made from',
    scoped(() => {
      const source = Float64Array.of(1, 2)
      const x = eq.array(source)
      source[0] = 9
      expect(read(x)).toEqual([1, 2])
    }),
  )

  test('are read asynchronously, as copies', async () => {
    const x = eq.array([[1, 2, 3]], { dtype: 'float64' })
    const data = await x.data()
    data[0] = 9
    expect(await x.data()).toEqual(Float64Array.of(1, 2, 3))
    await expect(x.item()).rejects.toThrow(/3 elements/)
    expect(await x.toText()).toBe('float64[1, 3] [[1, 2, 3]]')
    x.dispose()
    await expect(x.data()).rejects.toThrow(InputError)
    expect(() => eq.neg(x)).toThrow(/was disposed/)
    expect(`${x}`).toBe('float64[1, 3] disposed')
    x.dispose()
  })

  test(
    'refuse bad input',
    scoped(() => {
      expect(() => eq.array([1, 2], { shape: [3] })).toThrow(ShapeError)
      expect(() => eq.array([[1], [2, 3]])).toThrow(/ragged/)
      expect(() => eq.array([1.5], { dtype: 'int32' })).toThrow(InputError)
      expect(() => eq.array([Number.NaN], { dtype: 'int64' })).toThrow(/NaN/)
      expect(() => eq.array(BigInt64Array.of(2n ** 40n))).toThrow(/int64 cannot hold/)
      expect(() => eq.array([-1], { dtype: 'uint32' })).toThrow(InputError)
      expect(() => eq.array(Uint8Array.of(2))).toThrow(InputError)
      expect(() => eq.zeros([-1])).toThrow(ShapeError)
      expect(() => eq.zeros([1e9, 1e9])).toThrow(/more elements/)
      expect(() => Reflect.apply(eq.zeros, undefined, [[1], { dtype: 'float16' }]) as unknown).toThrow(DtypeError)
      expect(() => eq.arange(0, Number.NaN)).toThrow(InputError)
    }),
  )

  test(
    'that are abstract have a shape and nothing to read',
    scoped(() => {
      const x = eq.abstractArray([2, 3], 'float32')
      const y = eq.sum(eq.mul(x, 2), { axes: 1 })
      expect(`${y}`).toBe('float32[2] abstract')
      expect(() => read(y)).toThrow(/is abstract/)
      expect(() => eq.add(x, eq.zeros([4]))).toThrow(ShapeError)
    }),
  )
})

describe('primitives refuse', () => {
  test('casts that an integer dtype cannot hold', scoped(() => {
    expect(() => eq.cast(eq.array([1, NaN]), 'int32')).toThrow(/element 1 is NaN, which int32 cannot hold/)
    expect(() => eq.cast(eq.array([3e9], { dtype: 'float64' }), 'int64')).toThrow(InputError)
    expect(() => eq.cast(eq.array([-1]), 'uint32')).toThrow(/holds integers in \[0, 4294967295\]/)
    expect([...read(eq.cast(eq.array([-1.9, 2.9]), 'int32'))]).toEqual([-1, 2])
  }))

  test.each<[string, (n: number) => unknown]>([
    ['zeros', (n) => eq.zeros([n])],
    ['broadcastTo', (n) => eq.broadcastTo(eq.zeros([1]), [n])],
    ['iota', (n) => eq.iota([n], 0, 'int32')],
    ['segmentSum', (n) => eq.segmentSum(eq.zeros([1, 2]), eq.array([0], { dtype: 'int32' }), n)],
    ['oneHot', (n) => eq.oneHot(eq.array([0], { dtype: 'int32' }), n)],
    ['bincount', (n) => eq.bincount(eq.array([0], { dtype: 'int32' }), n)],
    ['histogram', (n) => eq.histogram(eq.zeros([1]), { bins: n, low: 0, high: 1 })],
    ['pad', (n) => eq.pad(eq.zeros([1]), [0], [n])],
    ['randomBits', (n) => eq.randomBits([n], { seed: 1 })],
    ['randomNormal', (n) => eq.randomNormal([n], { seed: 1 })],
    ['splitKey', (n) => eq.splitKey(eq.randomKey(1), n)],
    ['rows of a polynomial', (n) => eq.segmentedPolynomial(copy, [eq.zeros([1, 2])], { outputs: [{ indices: eq.array([0], { dtype: 'int32' }), rows: n }] })],
  ])('sizes that there is no memory for, and that overflow: %s', (_, make) => {
    const before = eq.liveBuffers()
    for (const size of [2 ** 50, 2 ** 53, 2 ** 70, Number.NaN, -1, 0.5, Infinity])
      expect(() => eq.scope(() => void make(size)), String(size)).toThrow(EquivarError)
    expect(eq.liveBuffers()).toBe(before)
  })

  expectNoLeaks()
  const f64 = (...shape: number[]) => eq.zeros(shape, { dtype: 'float64' })
  const i32 = (...values: number[]) => eq.array(values, { dtype: 'int32' })
  const cases: readonly (readonly [string, () => unknown, new (message: string) => Error, RegExp])[] = [
    ['shapes that do not broadcast', () => eq.add(f64(2, 3), f64(4)), ShapeError, /\[2, 3\] and \[4\]/],
    ['two dtypes', () => eq.mul(f64(2), eq.zeros([2])), DtypeError, /float64 and float32/],
    ['two numbers', () => eq.mul(2, 3), InputError, /numbers/],
    ['a fraction beside integers', () => eq.add(i32(1), 0.5), DtypeError, /0.5/],
    ['the square root of integers', () => eq.sqrt(i32(1)), DtypeError, /int32/],
    ['division of integers', () => eq.div(i32(1), i32(1)), DtypeError, /int32/],
    ['arithmetic on bool', () => eq.neg(eq.zeros([1], { dtype: 'bool' })), DtypeError, /bool/],
    ['a condition that is not bool', () => eq.where(f64(1), f64(1), f64(1)), DtypeError, /needs bool/],
    ['inner extents that differ', () => eq.matmul(f64(2, 3), f64(2, 3)), ShapeError, /3 columns.*2 rows/],
    ['matmul of vectors', () => eq.matmul(f64(3), f64(3)), ShapeError, /two axes/],
    ['an axis out of range', () => eq.sum(f64(2), { axes: 1 }), ShapeError, /axis 1/],
    ['an axis named twice', () => eq.sum(f64(2, 2), { axes: [0, -2] }), ShapeError, /twice/],
    ['a reshape of another size', () => eq.reshape(f64(2, 3), [4]), ShapeError, /holds 6/],
    ['a reshape that cannot be inferred', () => eq.reshape(f64(2, 3), [-1, 4]), ShapeError, /inferred/],
    ['axes that are no permutation', () => eq.permute(f64(2, 3), [0, 0]), ShapeError, /permute/],
    ['arrays that do not join', () => eq.concatenate([f64(2, 3), f64(3, 2)], 0), ShapeError, /differ/],
    ['nothing to join', () => eq.concatenate([]), InputError, /at least one/],
    ['a slice outside', () => eq.slice(f64(3), [1], [4]), ShapeError, /outside/],
    ['negative padding', () => eq.pad(f64(3), [-1], [0]), ShapeError, /non-negative/],
    ['an index out of range', () => eq.take(f64(3, 1), i32(0, 3)), InputError, /index 3 at position 1/],
    ['a negative index', () => eq.take(f64(3, 1), i32(-1)), InputError, /index -1/],
    ['float indices', () => eq.take(f64(3, 1), f64(1)), DtypeError, /int32/],
    ['a segment out of range', () => eq.segmentSum(f64(2, 1), i32(0, 2), 2), InputError, /index 2/],
    ['one index too few', () => eq.segmentSum(f64(2, 1), i32(0), 2), ShapeError, /one index a row/],
    ['a class out of range', () => eq.oneHot(i32(4), 3), InputError, /index 4/],
    ['the largest of nothing', () => eq.max(f64(0, 2), { axes: 0 }), ShapeError, /no elements/],
    ['the mean of nothing', () => eq.mean(f64(0)), ShapeError, /no elements/],
    ['an infinite exponent', () => eq.pow(f64(1), Infinity), InputError, /finite/],
    ['a broadcast to fewer axes', () => eq.broadcastTo(f64(2, 3), [3]), ShapeError, /does not broadcast/],
    ['a split that does not add up', () => eq.split(f64(3), [1, 1]), ShapeError, /add up to 2/],
    ['a repeated letter', () => eq.einsum('ii->i', f64(2, 2)), Error, /repeats a letter/],
    ['an output letter from nowhere', () => eq.einsum('i->j', f64(2)), Error, /occurs in no operand/],
    ['a letter of two extents', () => eq.einsum('i,i->i', f64(2), f64(3)), ShapeError, /extent 2 and/],
  ]
  for (const [what, f, kind, message] of cases)
    test(
      what,
      scoped(() => {
        expect(f).toThrow(kind)
        expect(f).toThrow(message)
      }),
    )
})
