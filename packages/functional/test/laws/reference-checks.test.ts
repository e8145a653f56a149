import { descriptors, experimental, Irreps, irMul, use } from '@equivar/core'
import { device } from '@equivar/engine'
import { cpu } from '@equivar/kernels-cpu'
import { beforeAll, describe, expect, test } from 'vitest'
import { equivariantTensorProduct, grad, hessian, IrrepsArray, jacfwd, jacrev, jit, nn, numpy as np, segmentedPolynomial, sphericalHarmonics, vmap, type DeviceArray } from '../../src/index.ts'
import { expectClose, ints, randomArray } from '../support/numbers.ts'

// What the reference's own tests of its JAX side check, where no other file does; here on kernels.
beforeAll(async () => {
  use(cpu)
  await device('cpu')
})

const vector = new Irreps('O3', '1o')
const harmonics = (l: number) => (v: DeviceArray) => sphericalHarmonics([l], new IrrepsArray(vector, v, irMul)).array
const features = new Irreps('O3', '4x0e + 4x1o')
const single = new Irreps('O3', '0e + 1o')
const conv = descriptors.channelwiseTensorProduct(features, single, single).squeezeModes().flattenCoefficientModes()
const { polynomial } = conv
const [nw = 0, nx = 0, ny = 0] = polynomial.inputs.map(({ size }) => size)
const apply = (w: DeviceArray, x: DeviceArray, y: DeviceArray): DeviceArray =>
  equivariantTensorProduct(conv, w, new IrrepsArray(features, x, irMul), new IrrepsArray(single, y, irMul)).array

describe('activations', () => {
  test('points of the normal distribution are ascending, and of mean 0', async () => {
    const points = Array.from(await nn.normalspace(1001).data())
    expect(points.every((point, i) => i === 0 || point > (points[i - 1] ?? 0))).toBe(true)
    expect(Math.abs(points.reduce((a, b) => a + b, 0))).toBeLessThan(1e-9)
  })

  test.each([['silu', nn.silu], ['tanh', nn.tanh], ['relu', nn.relu], ['gelu', nn.gelu]] as const)('the second moment of %s is 1 when normalised', async (_, f) => {
    const second = await np.mean(np.square(nn.normalizeFunction(f)(nn.normalspace(20001)))).item()
    expect(Math.abs(second - 1)).toBeLessThan(1e-2)
  })

  test('parities of cos, sin and exp', () => {
    expect([nn.functionParity(np.cos), nn.functionParity(np.sin), nn.functionParity(np.exp)]).toEqual([1, -1, 0])
  })
})

describe('polynomials', () => {
  test('gradients of degree 0 are 0 in a program, Jacobians of degree 2 are 5 by 3', async () => {
    const v = randomArray([3], 1)
    await expectClose(jit(grad((own: DeviceArray) => np.sum(harmonics(0)(own))))(v), [0, 0, 0], 0)
    for (const jacobian of [jacrev(harmonics(2)), jacfwd(harmonics(2))]) expect(jacobian(v).shape).toEqual([5, 3])
    // A function of the direction alone does not change along the vector.
    await expectClose(np.matmul(jacrev(harmonics(2))(v), v.reshape([3, 1])), np.zeros([5, 1]), 1e-14)
  })

  test.each([
    [[2, 1], [1, 2], [1]],
    [[2, 1, 2, 3], [3, 1, 1], []],
    [[0], [0], [1]],
    [[], [], []],
  ])('batch axes %j, %j and %j broadcast', async (ofX, ofY, ofW) => {
    const [w, x, y] = [randomArray([...ofW, nw], 1), randomArray([...ofX, nx], 2), randomArray([...ofY, ny], 3)]
    const lead = np.add(np.zeros([...ofX, 1]), np.zeros([...ofY, 1])).shape.slice(0, -1)
    const spread = (a: DeviceArray, size: number) => np.broadcastTo(a, [...lead, size]).reshape([-1, size])
    const count = lead.reduce((a, b) => a * b, 1)
    const found = apply(w, x, y)
    expect(found.shape.slice(0, -1)).toEqual(lead)
    if (count === 0) return
    await expectClose(found.reshape([count, -1]), apply(spread(w, nw), spread(x, nx), spread(y, ny)), 1e-13)
    const slope = (f: (own: DeviceArray) => DeviceArray) => grad((own: DeviceArray) => np.sum(np.square(f(own))))(x)
    await expectClose(slope((own) => apply(w, own, y)), slope((own) => apply(spread(w, nw), spread(own, nx), spread(y, ny))), 1e-12)
  })

  test('kernels and plain loops agree where indices go along two axes, to second derivatives', async () => {
    const [w, x, y] = [randomArray([1, 3, nw], 1), randomArray([4, 2, nx], 2), randomArray([5, 1, ny], 3)]
    const [rows, columns, target] = [ints([0, 3, 3, 1, 2], [5, 1]), ints([1, 0, 1], [3]), ints([1, 0, 1, 1, 0], [5, 1])]
    const f = (method: 'naive' | 'auto') => (own: DeviceArray): DeviceArray => {
      const [out] = segmentedPolynomial(polynomial, [w, own, y], [{ shape: [2, 3, -1], dtype: 'float64' }], [null, [rows, columns], null, [target, ':']], { method })
      return out ?? own
    }
    const loss = (method: 'naive' | 'auto') => (own: DeviceArray) => np.sum(np.square(f(method)(own)))
    const second = (method: 'naive' | 'auto') => grad((own: DeviceArray) => np.sum(np.square(grad(loss(method))(own))))
    await expectClose(f('auto')(x), f('naive')(x), 1e-12)
    await expectClose(grad(loss('auto'))(x), grad(loss('naive'))(x), 1e-12)
    await expectClose(second('auto')(x), second('naive')(x), 1e-12)
    await expectClose(jit(second('auto'))(x), second('naive')(x), 1e-12)
  })

  test('maps over every choice of operands, with index arrays that entries share', async () => {
    const indices = ints([1, 0, 2, 2])
    const one = (w: DeviceArray, x: DeviceArray, y: DeviceArray): DeviceArray => {
      const [out] = segmentedPolynomial(polynomial, [w, x, y], [{ shape: [3, -1], dtype: 'float64' }], [null, indices, null, indices])
      return out ?? w
    }
    const own = [randomArray([4, nw], 1), randomArray([3, nx], 2), randomArray([4, ny], 3)] as const
    for (let mask = 1; mask < 8; mask++) {
      const isMapped = own.map((_, i) => ((mask >> i) & 1) === 1)
      const [w, x, y] = own.map((a, i) => (isMapped[i] ? np.stack([a, a.mul(0.5), a.neg()]) : a))
      if (!w || !x || !y) throw new Error('no operands')
      const found = vmap(one, { inAxes: isMapped.map((mapped) => (mapped ? 0 : null)) })(w, x, y)
      const entry = (a: DeviceArray, i: number, b: number) => (isMapped[i] ? a.at(b) : a)
      await expectClose(found, np.stack([0, 1, 2].map((b) => one(entry(w, 0, b), entry(x, 1, b), entry(y, 2, b)))), 1e-13)
    }
  })

  test('a symmetric contraction backward twice, eager and in a program, is its Hessian', async () => {
    const irreps = new Irreps('O3', '2x0e + 2x1o')
    const [e, projection] = experimental.mace.symmetricContraction(irreps, irreps, [1, 2, 3])
    const w = np.einsum('au,ab->bu', randomArray([projection.shape[0], 2], 1), projection).reshape([-1])
    const value = (x: DeviceArray): DeviceArray => np.sum(np.square(equivariantTensorProduct(e, w, new IrrepsArray(irreps, x, irMul)).array))
    const [x, t] = [randomArray([irreps.dim], 2), randomArray([irreps.dim], 3)]
    const twice = (own: DeviceArray) => grad((z: DeviceArray) => np.sum(grad(value)(z).mul(t)))(own)
    await expectClose(twice(x), np.matmul(hessian(value)(x), t.reshape([-1, 1])).reshape([-1]), 1e-12)
    await expectClose(jit(twice)(x), twice(x), 1e-12)
  })
})
