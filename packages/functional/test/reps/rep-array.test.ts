import { assume, DimensionError, InputError, Irreps, irMul, mulIr, O3, ShapeError, SO3 } from '@equivar/core'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { asIrrepsArray, clebschGordan, concatenate, IrrepsArray, numpy as np, randn, random, RepArray, tree } from '../../src/index.ts'
import { expectClose, ints, randomArray } from '../support/numbers.ts'

const irreps = new Irreps('O3', '2x0e + 3x1o + 1x0e')
const x = new IrrepsArray(irreps, randomArray([4, 12], 1), irMul)

describe('arrays with irreps', () => {
  test.each([irMul, mulIr])('are their segments, %s', async (layout) => {
    const own = x.changeLayout(layout)
    expect(own.segments.map(({ shape }) => shape)).toEqual(irreps.segments.map((segment) => [4, ...layout.shape(segment)]))
    await expectClose(IrrepsArray.fromSegments(irreps, own.segments, [4], layout), own, 0)
    await expectClose(own.changeLayout(irMul), x, 0)
    // Any copies, counted over all segments.
    const slice = own.sliceByMul(1, 4)
    expect([slice.irreps.toString(), slice.layout]).toEqual(['0e+2x1o', layout])
    await expectClose(concatenate([own.sliceByMul(0, 1), slice, own.sliceByMul(4, 6)]).simplify().changeLayout(irMul), x.simplify(), 0)
  })

  test('sort, simplify, regroup and filter keep the numbers of every copy', async () => {
    const sorted = x.sort()
    expect(sorted.irreps.toString()).toBe('2x0e+0e+3x1o')
    const grouped = x.regroup()
    expect(grouped.irreps.toString()).toBe('3x0e+3x1o')
    await expectClose(grouped, sorted.simplify(), 0)
    await expectClose(x.filter({ keep: '1o' }).array, x.array.at(':', [2, 11]), 0)
    expect(x.filter({ drop: '0e + 1o' }).shape).toEqual([4, 0])
  })

  test('a leading axis becomes copies', async () => {
    const y = new IrrepsArray(new Irreps('O3', '2x1o'), randomArray([5, 3, 6], 1), irMul)
    const moved = y.moveAxisToMul(1)
    expect([moved.irreps.toString(), moved.shape]).toEqual(['6x1o', [5, 18]])
    // Old copies outside, the axis inside.
    await expectClose(moved.array, np.transpose(y.array.reshape([5, 3, 3, 2]), [0, 2, 3, 1]).reshape([5, 18]), 0)
    const other = y.changeLayout(mulIr).moveAxisToMul(1)
    await expectClose(other.array, y.changeLayout(mulIr).array.reshape([5, 18]), 0)
  })

  test('compute with what keeps them equivariant', async () => {
    const factor = randomArray([4, 1], 2)
    const v = [0.3, -0.2, 0.7]
    const y = x.add(x).sub(x.mul(factor)).neg().div(2).add(0)
    const turned = x.transform(v)
    await expectClose(y.transform(v), turned.add(turned).sub(turned.mul(factor)).neg().div(2), 1e-13)
    await expectClose(x.transform([0, 0, 0]), x, 1e-15)
    const matrix = np.array(new O3(1, -1).expMap(v, [0]), { dtype: 'float64' })
    const vector = new IrrepsArray(new Irreps('O3', '1o'), randomArray([3], 3), irMul)
    await expectClose(vector.transform(v).array, np.matmul(matrix, vector.array.reshape([3, 1])).reshape([3]), 1e-14)
  })

  test('index leading axes only', async () => {
    await expectClose(x.take(ints([3, 0])), x.at(ints([3, 0])), 0)
    expect(x.at(null).shape).toEqual([1, 4, 12])
    expect(x.at(2).shape).toEqual([12])
    expect(x.at([1, 3]).irreps.equals(irreps)).toBe(true)
    expect(() => x.at(':', 0)).toThrow(/carries a representation/)
    expect(() => x.at(0).take(ints([0]))).toThrow(/carries a representation/)
    expect(() => x.at(9)).toThrow(ShapeError)
  })

  test('refuse what does not fit', () => {
    expect(() => new IrrepsArray(irreps, randomArray([4, 11], 1), irMul)).toThrow(DimensionError)
    expect(() => new IrrepsArray(irreps, x as never, irMul)).toThrow(/pass its \.array/)
    expect(() => x.add(new IrrepsArray(new Irreps('O3', '12x0e'), x.array, irMul))).toThrow(/representations differ/)
    expect(() => x.add(x.changeLayout(mulIr))).toThrow(/layouts included/)
    expect(() => x.add(new IrrepsArray(new Irreps('SO3', '3x0 + 3x1'), x.array, irMul) as never)).toThrow(/is of SO3/)
    expect(() => x.mul(randomArray([12], 1))).toThrow(/has extent 12 along axis 1, which carries/)
    expect(() => x.mul(x as never)).toThrow(/must carry no representation/)
    expect(() => x.sliceByMul(2, 9)).toThrow(InputError)
    expect(() => concatenate([])).toThrow(InputError)
    expect(() => concatenate([x, x.at([0, 2])])).toThrow(ShapeError)
  })

  test('print what they are', async () => {
    const small = new IrrepsArray(new Irreps('O3', '0e'), np.array([[1], [2]]), irMul)
    expect(await small.toText()).toBe('{0e (irrep,mul)} float32[2, 1] [[1], [2]]')
    expect(inspect(small)).toBe('{0e (irrep,mul)} float32[2, 1] [[1], [2]]')
  })
})

describe('arrays with any representations', () => {
  test('Clebsch–Gordan coefficients are invariant', async () => {
    const c = clebschGordan(new SO3(1), new SO3(2), new SO3(1))
    expect([...c.reps.keys()]).toEqual([1, 2, 3])
    await expectClose(c.transform([0.4, -1, 0.2]), c, 1e-13)
    expect(c.rep(-1).toString()).toBe('1')
    expect(() => c.rep(0)).toThrow(InputError)
  })

  test('axes are checked', () => {
    expect(() => new RepArray({ 0: new SO3(1) }, randomArray([4, 3], 1))).toThrow(DimensionError)
    expect(() => new RepArray({ 5: new SO3(1) }, randomArray([4, 3], 1))).toThrow(ShapeError)
    expect(() => new RepArray({ 1: new SO3(1), [-1]: new SO3(1) }, randomArray([4, 3], 1))).toThrow(/two representations/)
  })
})

test('randn and asIrrepsArray take group and layout from what is given, or the scope', () => {
  const y = randn(random.key(1), irreps, [3], irMul)
  expect([y.shape, y.dtype, y.layout]).toEqual([[3, 12], 'float32', irMul])
  expect(assume('SO3', mulIr, () => randn(random.key(1), '2x1')).irreps.toString()).toBe('2x1')
  expect(asIrrepsArray(np.ones([4, 2]), x).irreps.toString()).toBe('2x0e')
  expect(asIrrepsArray(x, x)).toBe(x)
  expect(tree.structureText(tree.structure({ x }))).toContain('IrrepsArray<O3')
})
