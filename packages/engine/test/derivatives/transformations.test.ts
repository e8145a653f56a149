import { DtypeError, InputError, ShapeError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectClose, expectNoLeaks, randomArray, read, scoped } from '../support/numbers.ts'

const leaf = (...values: number[]) => eq.track(eq.array(values, { dtype: 'float64' }))
const only = (arrays: readonly eq.NDArray[]) => {
  const [x] = arrays
  if (!x || arrays.length !== 1) throw new Error(`expected one array, got ${arrays.length}`)
  return x
}

describe('grad', () => {
  expectNoLeaks()

  test(
    'serves leaves and intermediate results at once',
    scoped(() => {
      const x = leaf(1, 2)
      const y = eq.square(x)
      const [gx, gy] = eq.grad(eq.sum(eq.mul(y, y)), [x, y])
      expect(read(gx ?? x)).toEqual([4, 32])
      expect(read(gy ?? x)).toEqual([2, 8])
    }),
  )

  test(
    'sums over several outputs, with cotangents',
    scoped(() => {
      const x = leaf(1, 2)
      const g = only(eq.grad([eq.square(x), eq.sum(x)], [x], { cotangents: [eq.array([1, 10], { dtype: 'float64' }), eq.scalar(5, { dtype: 'float64' })] }))
      expect(read(g)).toEqual([7, 45])
      expect(read(only(eq.grad(eq.sum(x), [x], { cotangents: eq.scalar(3, { dtype: 'float64' }) })))).toEqual([3, 3])
    }),
  )

  test(
    'remembers its own computation only when asked',
    scoped(() => {
      const x = leaf(2)
      const y = eq.pow(x, 3)
      expect(only(eq.grad(y, [x])).isTracked).toBe(false)
      let derivative = y
      const values = [12, 12, 6]
      for (const value of values) {
        derivative = only(eq.grad(derivative, [x], { createGraph: true }))
        expect(read(derivative)).toEqual([value])
      }
      expect(read(only(eq.grad(derivative, [x], { allowUnused: true })))).toEqual([0])
    }),
  )

  test(
    'does not pass through constants',
    scoped(() => {
      const x = leaf(3)
      expect(read(only(eq.grad(eq.mul(x, eq.stopGradient(x)), [x])))).toEqual([3])
      expect(eq.noGrad(() => eq.mul(x, x)).isTracked).toBe(false)
      expect(eq.greater(x, 1).isTracked).toBe(false)
      expect(read(only(eq.grad(eq.add(eq.sign(x), x), [x])))).toEqual([1])
    }),
  )

  test(
    'refuses what would be a silent zero or a wrong question',
    scoped(() => {
      const x = leaf(1, 2)
      const other = leaf(1, 2)
      const plain = eq.zeros([2], { dtype: 'float64' })
      expect(() => eq.grad(eq.sum(x), [other])).toThrow(/no output depends on input 0/)
      expect(() => eq.grad(eq.sum(eq.sign(x)), [x])).toThrow(InputError)
      expect(read(only(eq.grad(eq.sum(x), [other], { allowUnused: true })))).toEqual([0, 0])
      expect(() => eq.grad(eq.sum(x), [plain])).toThrow(/is not tracked/)
      expect(() => eq.grad(x, [x])).toThrow(/one element/)
      expect(() => eq.grad(x, [x], { cotangents: [plain, plain] })).toThrow(InputError)
      expect(() => eq.grad(x, [x], { cotangents: eq.zeros([3], { dtype: 'float64' }) })).toThrow(ShapeError)
      expect(() => eq.grad(x, [x], { cotangents: eq.zeros([2]) })).toThrow(DtypeError)
      expect(() => eq.track(eq.zeros([1], { dtype: 'int32' }))).toThrow(DtypeError)
      expect(() => eq.pushforward([eq.sum(x)], [x], [])).toThrow(InputError)
    }),
  )

  test(
    'is deterministic, bit for bit',
    scoped(() => {
      const x = eq.track(randomArray([50, 7], 1))
      const run = () => read(only(eq.grad(eq.sum(eq.tanh(eq.matmul(x, x, { transposeA: true }))), [x])))
      expect(run()).toEqual(run())
    }),
  )
})

describe('pushforward', () => {
  expectNoLeaks()
  test(
    'takes intermediate results as independent inputs',
    scoped(() => {
      const x = leaf(2)
      const y = eq.square(x)
      const z = eq.mul(x, y)
      const [tangent, own] = eq.pushforward([z, y], [x, y], [eq.array([1], { dtype: 'float64' }), eq.array([10], { dtype: 'float64' })])
      expect([read(tangent ?? x), read(own ?? x)]).toEqual([[24], [10]])
    }),
  )
})

describe('derivatives where a function has a corner or changes dtype', () => {
  expectNoLeaks()
  test(
    'equal largest elements share',
    scoped(() => {
      const x = leaf(3, 1, 3)
      expect(read(only(eq.grad(eq.max(x), [x])))).toEqual([0.5, 0, 0.5])
      const y = leaf(3, 2, 0)
      const [gx, gy] = eq.grad(eq.sum(eq.maximum(x, y)), [x, y])
      expect([read(gx ?? x), read(gy ?? x)]).toEqual([[0.5, 0, 1], [0.5, 1, 0]])
      expect(read(only(eq.grad(eq.sum(eq.minimum(x, 1)), [x])))).toEqual([0, 0.5, 0])
      expect(read(only(eq.grad(eq.sum(eq.abs(eq.sub(x, 1))), [x])))).toEqual([1, 0, 1])
    }),
  )
  test(
    'a cast hands gradients back in the dtype of its input',
    scoped(() => {
      const x = leaf(0.5, 2)
      const g = only(eq.grad(eq.sum(eq.square(eq.cast(x, 'float32'))), [x]))
      expect([g.dtype, read(g)]).toEqual(['float64', [1, 4]])
    }),
  )
})

describe('transformations of functions', () => {
  expectNoLeaks()
  const f = (x: eq.NDArray) => eq.sum(eq.exp(eq.sin(x)))

  test(
    'nest to any depth, forward and reverse in every order',
    scoped(() => {
      const x = eq.scalar(0.7, { dtype: 'float64' })
      const one = eq.scalar(1, { dtype: 'float64' })
      const reverse = (g: eq.ArrayFunction): eq.ArrayFunction => (y) => eq.vjp(g)([y]).gradients[0] ?? y
      const forward = (g: eq.ArrayFunction): eq.ArrayFunction => (y) => eq.jvp(g)([y], [one]).tangent
      const [s, c] = [Math.sin(0.7), Math.cos(0.7)]
      const third = Math.exp(s) * (c ** 3 - 3 * s * c - c)
      for (const a of [reverse, forward])
        for (const b of [reverse, forward]) for (const d of [reverse, forward]) expectClose(read(a(b(d(f)))(x)), [third], 1e-14)
    }),
  )

  test(
    'do not confuse an inner variable with an outer one',
    scoped(() => {
      // d/dx [x · d/dy (x + y) at y = 1] = d/dx [x · 1] = 1
      const x = leaf(5)
      const inner = eq.vjp((y) => eq.add(x, y), { createGraph: true })([eq.array([1], { dtype: 'float64' })]).gradients[0]
      expect(read(only(eq.grad(eq.mul(x, inner ?? x), [x])))).toEqual([1])
      // d/dx [x · d/dy (x · y)] = d/dx [x · x] = 2 x
      const product = eq.vjp((y) => eq.mul(x, y), { createGraph: true })([eq.array([1], { dtype: 'float64' })]).gradients[0]
      expect(read(only(eq.grad(eq.mul(x, product ?? x), [x])))).toEqual([10])
    }),
  )

  test(
    'reach outer variables that an inner function captured, without being told',
    scoped(() => {
      const one = eq.array([1], { dtype: 'float64' })
      const captured: eq.ArrayFunction = (x) => eq.mul(x, eq.vjp((y) => eq.mul(eq.square(x), y))([one]).gradients[0] ?? x)
      expect(read(only([...eq.vjp(captured)([eq.array([5], { dtype: 'float64' })]).gradients]))).toEqual([75])
      const pushed: eq.ArrayFunction = (x) => eq.mul(x, eq.jvp((y) => eq.mul(eq.square(x), y))([one], [one]).tangent)
      expect(read(eq.jvp(pushed)([eq.array([5], { dtype: 'float64' })], [one]).tangent)).toEqual([75])
    }),
  )

  test(
    'hessianVectorProduct equals the product with the full Hessian',
    scoped(() => {
      const x = randomArray([3], 1)
      const v = randomArray([3], 2)
      const g = (y: eq.NDArray) => eq.sum(eq.mul(eq.exp(y), eq.square(eq.sum(y))))
      const direct = only(eq.hessianVectorProduct(g)([x], [v]))
      const tracked = eq.track(x)
      const gradient = only(eq.grad(g(tracked), [tracked], { createGraph: true }))
      const twice = only(eq.grad(eq.sum(eq.mul(gradient, v)), [tracked]))
      expectClose(read(direct), read(twice), 1e-14)
      const linear = only(eq.hessianVectorProduct((y) => eq.sum(y))([x], [v]))
      expect(read(linear)).toEqual([0, 0, 0])
    }),
  )

  test(
    'a traced gradient is recorded without executing anything',
    scoped(() => {
      const x = eq.abstractArray([4, 2], 'float32')
      const { output, gradients } = eq.vjp(f)([x])
      expect([output.isAbstract, output.shape, gradients[0]?.isAbstract, gradients[0]?.shape]).toEqual([true, [], true, [4, 2]])
    }),
  )

  test(
    'inputs are not changed or consumed',
    scoped(() => {
      const x = randomArray([3], 1)
      const before = read(x)
      const first = read(only([...eq.vjp(f)([x]).gradients]))
      const second = read(only([...eq.vjp(f)([x]).gradients]))
      expect([read(x), second]).toEqual([before, first])
      expect(x.isTracked).toBe(false)
    }),
  )
})
