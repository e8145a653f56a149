import {
  descriptors,
  DimensionError,
  HostArray,
  InputError,
  Irreps,
  irMul,
  mulIr,
  Operation,
  Path,
  SegmentedOperand,
  SegmentedPolynomial,
  SegmentedTensorProduct,
  ShapeError,
} from '@equivar/core'
import { describe, expect, test } from 'vitest'
import {
  equivariantPolynomial,
  equivariantTensorProduct,
  grad,
  IrrepsArray,
  jacfwd,
  jacrev,
  jit,
  numpy as np,
  Repeats,
  segmentedPolynomial,
  vmap,
  type DeviceArray,
} from '../../src/index.ts'
import { expectClose, ints, randomArray } from '../support/numbers.ts'

const single = new Irreps('O3', '0e + 1o')
const conv = descriptors.channelwiseTensorProduct(single.mul(4), single, single).squeezeModes().flattenCoefficientModes()
const { polynomial } = conv
const [nw = 0, nx = 0, ny = 0] = polynomial.inputs.map(({ size }) => size)
const float64 = (...shape: number[]) => ({ shape: [...shape, -1], dtype: 'float64' as const })
/** The same with everything spread out over one batch axis. */
const plain = (w: DeviceArray, x: DeviceArray, y: DeviceArray): DeviceArray => {
  const rows = (a: DeviceArray) => a.reshape([-1, a.shape.at(-1) ?? 0])
  const [out = w] = segmentedPolynomial(polynomial, [rows(w), rows(x), rows(y)], [float64(rows(x).shape[0] ?? 0)])
  return out
}

describe('segmentedPolynomial', () => {
  test('broadcasts batch axes from the right, and sums over axes of one', async () => {
    const [w, x, y] = [randomArray([3, 1, nw], 1), randomArray([5, nx], 2), randomArray([2, 1, 1, ny], 3)]
    const spread = (a: DeviceArray) => np.broadcastTo(a, [2, 3, 5, a.shape.at(-1) ?? 0])
    const [full] = segmentedPolynomial(polynomial, [w, x, y], [float64(2, 3, 5)])
    const expected = plain(spread(w), spread(x), spread(y)).reshape([2, 3, 5, -1])
    await expectClose(full ?? w, expected, 1e-14)
    const [summed] = segmentedPolynomial(polynomial, [w, x, y], [float64(2, 1, 5)])
    await expectClose(summed ?? w, expected.sum({ axes: 1, keepDims: true }), 1e-13)
    const [total] = segmentedPolynomial(polynomial, [w, x, y], [{ shape: [-1], dtype: 'float64' }])
    await expectClose(total ?? w, expected.sum({ axes: [0, 1, 2] }), 1e-13)
    const [none] = segmentedPolynomial(polynomial, [w.at([0, 0]), x, y.at(0)], [float64(0, 5)])
    expect(none?.shape).toEqual([0, 5, polynomial.outputs[0]?.size])
  })

  test('gathers and scatters along any axes', async () => {
    const [w, x, y] = [randomArray([6, 2, nw], 1), randomArray([4, nx], 2), randomArray([6, 3, ny], 3)]
    const [i, j, k] = [ints([0, 3, 3, 1, 2, 0], [6, 1]), ints([2, 0], [2]), ints([1, 0, 1, 1, 0, 2], [6, 1])]
    const f = (a: DeviceArray, b: DeviceArray, c: DeviceArray): DeviceArray => {
      const [out] = segmentedPolynomial(polynomial, [a, b, c], [float64(3, 2)], [null, [i], [':', j], [k, ':']])
      return out ?? a
    }
    const rows = np.broadcastTo(x.take(i.reshape([6])).reshape([6, 1, nx]), [6, 2, nx])
    const perEntry = plain(w, rows, y.take(j, 1)).reshape([6, 2, -1])
    await expectClose(f(w, x, y), np.segmentSum(perEntry, k.reshape([6]), 3), 1e-13)
    await expectClose(jit(f)(w, x, y), f(w, x, y), 1e-13)
    const loss = (a: DeviceArray, b: DeviceArray, c: DeviceArray) => np.sum(np.square(f(a, b, c)))
    const reference = (b: DeviceArray) => {
      const own = np.broadcastTo(b.take(i.reshape([6])).reshape([6, 1, nx]), [6, 2, nx])
      return np.sum(np.square(np.segmentSum(plain(w, own, y.take(j, 1)).reshape([6, 2, -1]), k.reshape([6]), 3)))
    }
    await expectClose(grad(loss, { argnums: 1 })(w, x, y), grad(reference)(x), 1e-13)
    const second = (h: (b: DeviceArray) => DeviceArray) => grad((b: DeviceArray) => np.sum(np.square(grad(h)(b))))(x)
    await expectClose(second((b) => loss(w, b, y)), second(reference), 1e-12)
    await expectClose(vmap((b: DeviceArray) => f(w, b, y))(np.stack([x, x.mul(2)])), np.stack([f(w, x, y), f(w, x.mul(2), y)]), 1e-13)
  })

  test('repeats are index arrays', async () => {
    const [w, x, y] = [randomArray([3, nw], 1), randomArray([6, nx], 2), randomArray([6, ny], 3)]
    const [expected] = segmentedPolynomial(polynomial, [w, x, y], [float64(6)], [ints([0, 0, 2, 2, 2, 2]), null, null, null])
    for (const repeats of [new Repeats([2, 0, 4]), new Repeats(ints([2, 0, 4]), 6), new Repeats(ints([2, 0, 4]))]) {
      const [found] = segmentedPolynomial(polynomial, [w, x, y], [float64(6)], [repeats, null, null, null])
      await expectClose(found ?? w, expected ?? w, 0)
    }
    expect(() => new Repeats([-1])).toThrow(InputError)
    const ones = [w, x.at([0, 1]), y.at([0, 1])]
    expect(() => segmentedPolynomial(polynomial, ones, [float64(1)], [new Repeats(ints([2, 0, 4])), null, null, null])).toThrow(/totalRepeatLength/)
  })

  test('computes in the dtype that is asked for', async () => {
    const [w, x, y] = [randomArray([5, nw], 1), randomArray([5, nx], 2), randomArray([5, ny], 3)]
    const singles = [w, x, y].map((a) => a.astype('float32'))
    const [out] = segmentedPolynomial(polynomial, singles, [{ shape: [5, -1], dtype: 'float32' }], [], { mathDtype: 'float64' })
    expect(out?.dtype).toBe('float32')
    await expectClose(out ?? w, plain(w, x, y), 3e-7)
    const [naive] = segmentedPolynomial(polynomial, [w, x, y], [float64(5)], [], { method: 'naive' })
    await expectClose(naive ?? w, plain(w, x, y), 1e-13)
  })

  test('a constant is the same for all', async () => {
    const operand = new SegmentedOperand([[2]])
    const product = new SegmentedTensorProduct('a+a', [operand], [new Path([0], HostArray.from([3, 4]))])
    const constant = new SegmentedPolynomial([], [operand], [[new Operation([0]), product]])
    const [out] = segmentedPolynomial(constant, [], [{ shape: [3, -1], dtype: 'float64' }])
    expect([...((await out?.data()) ?? [])]).toEqual([3, 4, 3, 4, 3, 4])
  })

  test('refuses what does not fit', () => {
    const [w, x, y] = [randomArray([5, nw], 1), randomArray([5, nx], 2), randomArray([5, ny], 3)]
    expect(() => segmentedPolynomial(conv as never, [w, x, y], [float64(5)])).toThrow(/pass its \.polynomial/)
    expect(() => segmentedPolynomial(polynomial, [w, x], [float64(5)])).toThrow(InputError)
    expect(() => segmentedPolynomial(polynomial, [w, x, x], [float64(5)])).toThrow(DimensionError)
    expect(() => segmentedPolynomial(polynomial, [w, x, y.at([0, 3])], [float64(5)])).toThrow(/batch axes must agree/)
    expect(() => segmentedPolynomial(polynomial, [w, x, y], [{ shape: [5, 3], dtype: 'float64' }])).toThrow(DimensionError)
    expect(() => segmentedPolynomial(polynomial, [w, x, y], [float64(5)], [null, null, null])).toThrow(/3 indices for 4 operands/)
    expect(() => segmentedPolynomial(polynomial, [w, x, y], [float64(5)], [null, ints([0, 1, 2, 3, 5]), null, null])).toThrow(InputError)
    expect(() => segmentedPolynomial(polynomial, [w, x, y], [float64(5)], [null, [':', ':'], null, null])).toThrow(ShapeError)
  })
})

describe('equivariantPolynomial', () => {
  const [w, x, y] = [
    randomArray([nw], 1),
    new IrrepsArray(new Irreps('O3', '4x0e + 4x1o'), randomArray([5, nx], 2), irMul),
    new IrrepsArray(new Irreps('O3', '0e + 1o'), randomArray([5, ny], 3), irMul),
  ]

  test('is equivariant, and carries irreps', async () => {
    const f = (a: IrrepsArray, b: IrrepsArray) => equivariantTensorProduct(conv, w, a, b)
    const v = [0.5, -0.1, 0.9]
    await expectClose(f(x, y).transform(v), f(x.transform(v), y.transform(v)), 1e-13)
    await expectClose(equivariantTensorProduct(conv)(w, x, y), f(x, y), 0)
    await expectClose(equivariantTensorProduct(conv, w, x, y, { precision: 'highest' }), f(x, y), 0)
    const [scattered] = equivariantPolynomial(conv, [w, x, y], [{ shape: [2, -1], dtype: 'float64' }], [null, null, null, ints([0, 1, 1, 0, 0])])
    await expectClose(scattered ?? x, np.segmentSum(f(x, y).array, ints([0, 1, 1, 0, 0]), 2), 1e-13)
    const total = (a: IrrepsArray) => f(a, y).array.sum({ axes: 0 })
    const [backward, forward] = [jacrev(total)(x), jacfwd(total)(x)]
    await expectClose(backward, forward, 1e-13)
  })

  test('refuses other representations', () => {
    expect(() => equivariantTensorProduct(conv, w, x.array, y)).toThrow(/only scalars may be raw/)
    expect(() => equivariantTensorProduct(conv, w, x.changeLayout(mulIr), y)).toThrow(/changeLayout may help/)
    expect(() => equivariantTensorProduct(conv, w, y, y)).toThrow(/its operand '4x0e\+4x1o'/)
    expect(() => equivariantTensorProduct(conv, w, x)).toThrow(/has 3 inputs, got 2/)
    expect(() => equivariantPolynomial(conv, [w, x, y], undefined, [null, null, null, ints([0, 1, 1, 0, 0])])).toThrow(/pass its shape/)
    expect(() => equivariantTensorProduct(conv, w, x, y, { precision: 'low' as never })).toThrow(/precision 'low' is unknown/)
  })
})
