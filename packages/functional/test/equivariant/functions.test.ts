import { asLayout, descriptors, DimensionError, InputError, Irreps, irMul, mulIr } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import { bessel, gather, MultiLayerPerceptron, polynomialEnvelope, smoothBump, softEnvelope, sus } from '../../src/experimental/index.ts'
import {
  equivariantTensorProduct,
  grad,
  irDict,
  IrrepsArray,
  layerNorm,
  layers,
  nn,
  norm,
  normalize,
  normalizeSegments,
  numpy as np,
  random,
  Repeats,
  scalarActivation,
  sphericalHarmonics,
  type DeviceArray,
} from '../../src/index.ts'
import { expectClose, golden, ints, randomArray } from '../support/numbers.ts'

const irreps = new Irreps('O3', '2x0e + 3x1o')
const x = new IrrepsArray(irreps, randomArray([4, 11], 1), irMul)
const v = [0.5, -0.1, 0.9]

describe('functions of arrays with irreps', () => {
  test('normalised activations have the constants of the reference', async () => {
    const constants = { silu: 0.59645869, tanh: 0.62792825, gelu: 0.6520591, sigmoid: 0.54164457, relu: 0.70709789 } as const
    const point = np.array([0.7], { dtype: 'float64' })
    for (const [name, constant] of Object.entries(constants)) {
      const f = nn[name as keyof typeof constants]
      expect((await nn.normalizeFunction(f)(point).item()) * constant).toBeCloseTo(await f(point).item(), 7)
    }
    await expectClose(nn.normalizeFunction(np.sin)(point).mul(0.65751954), np.sin(point), 1e-7)
    expect([nn.functionParity(nn.tanh), nn.functionParity(np.cos), nn.functionParity(nn.silu)]).toEqual([-1, 1, 0])
    expect(() => nn.normalizeFunction((a) => a.mul(0))).toThrow(InputError)
    const quantiles = await nn.normalspace(5).data()
    expect(quantiles[2]).toBeCloseTo(0, 12)
    expect(quantiles[4]).toBeCloseTo(-(quantiles[0] ?? 0), 12)
  })

  test('scalarActivation minds parity', async () => {
    const scalars = new IrrepsArray(new Irreps('O3', '2x0e + 1x0o'), randomArray([4, 3], 2), irMul)
    expect(scalarActivation(scalars, nn.tanh).irreps.toString()).toBe('2x0e+0o')
    expect(scalarActivation(scalars, [nn.silu, np.abs]).irreps.toString()).toBe('2x0e+0e')
    await expectClose(scalarActivation(scalars, { '0e': nn.silu }, false).array.at(':', [0, 2]), nn.silu(scalars.array.at(':', [0, 2])), 0)
    expect(() => scalarActivation(scalars, nn.silu)).toThrow(/neither even nor odd/)
    expect(() => scalarActivation(x, nn.tanh)).toThrow(/has 3 components/)
    expect(() => scalarActivation(x, [nn.tanh])).toThrow(/1 functions for 2 segments/)
    expect(scalarActivation(x, [nn.tanh, null]).irreps.equals(irreps)).toBe(true)
  })

  test('norms are invariant, and 0 at 0 with derivatives', async () => {
    await expectClose(norm(x.transform(v)), norm(x), 1e-13)
    expect(norm(x).irreps.toString()).toBe('2x0e+3x0e')
    const vector = new IrrepsArray(new Irreps('O3', '1o'), np.array([[3, 4, 0], [0, 0, 0]], { dtype: 'float64' }), irMul)
    expect([...(await norm(vector).data())]).toEqual([5, 0])
    expect([...(await norm(vector, { squared: true }).data())]).toEqual([25, 0])
    expect([...(await normalize(vector).data())]).toEqual([0.6, 0.8, 0, 0, 0, 0])
    const slopes = grad((own: DeviceArray) => np.sum(norm(new IrrepsArray(new Irreps('O3', '1o'), own, irMul)).array))(vector.array)
    await expectClose(slopes, [0.6, 0.8, 0, 0, 0, 0], 1e-15)
    const twice = normalize(x, 0.1)
    await expectClose(twice.transform(v), normalize(x.transform(v), 0.1), 1e-13)
  })

  test('layerNorm has the numbers of the reference', async () => {
    const own = new IrrepsArray(new Irreps('SO3', '2x0 + 2x1'), golden([8]), irMul)
    await expectClose(layerNorm(own), [0.4781679, 1.3168636, -0.182382, -0.3459354, 0.1693284, 0.6663411, -0.641764, -0.9669924], 1e-6)
    await expectClose(new layers.LayerNorm().apply(x).transform(v), layerNorm(x.transform(v)), 1e-13)
    const rows = new layers.IrrepsNormalize({ skipScalars: true, scale: 2 }).apply(x)
    await expectClose(rows.array.at(':', [0, 2]), x.array.at(':', [0, 2]), 0)
    await expectClose(np.mean(norm(normalizeSegments(x), { squared: true }).array.at(':', [2, 5]), { axes: 1 }), np.ones([4]), 1e-13)
    const zeros = new IrrepsArray(irreps, np.zeros([11], { dtype: 'float64' }), irMul)
    await expectClose(layerNorm(zeros), zeros, 0)
  })

  test('spherical harmonics serve layers', async () => {
    const vectors = new IrrepsArray(new Irreps('O3', '1o'), randomArray([5, 3], 3), irMul)
    const y = sphericalHarmonics([0, 1, 2], vectors)
    expect(y.irreps.toString()).toBe('0e+1o+2e')
    await expectClose(new layers.SphericalHarmonics(2).apply(vectors), y, 1e-14)
    await expectClose(sphericalHarmonics([0, 1, 2], vectors.transform(v)), y.transform(v), 1e-13)
    expect(sphericalHarmonics([1], vectors.at([0, 0])).shape).toEqual([0, 3])
    expect(() => sphericalHarmonics([1], x)).toThrow(/irreps of one vector/)
    expect(() => new layers.SphericalHarmonics(-1)).toThrow(InputError)
  })
})

describe('layers', () => {
  test('linear layers are the descriptor, regrouped', async () => {
    const out = new Irreps('O3', '4x1o + 2x0e + 2x2e')
    const layer = new layers.IrrepsLinear(irreps, out, { scale: 2 })
    const params = layer.init(random.key(0), 'float64')
    expect(Object.entries(params).map(([name, w]) => [name, w.shape])).toEqual([['0e', [2, 2]], ['1o', [3, 4]]])
    const y = layer.apply(params, x)
    expect(y.irreps.toString()).toBe('2x0e+4x1o+2x2e')
    await expectClose(y.transform(v), layer.apply(params, x.transform(v)), 1e-13)
    const scalars = np.matmul(x.array.at(':', [0, 2]), params['0e'] ?? x.array).mul(2 / Math.sqrt(2))
    await expectClose(y.array.at(':', [0, 2]), scalars, 1e-14)
    expect(() => layer.apply({}, x)).toThrow(/'0e' is missing/)
    expect(() => layer.apply(params, x.filter({ keep: '0e' }))).toThrow(/made for the irreps/)
  })

  test('indexed linear layers pick weights, by index or by counts', async () => {
    const layer = new layers.IrrepsIndexedLinear(irreps, new Irreps('O3', '2x1o'), 3)
    const params = layer.init(random.key(0), 'float64')
    const y = layer.apply(params, x, ints([0, 0, 2, 2]))
    const e = descriptors.linear(irreps, new Irreps('O3', '2x1o'))
    await expectClose(y, equivariantTensorProduct(e, params.take(ints([0, 0, 2, 2])), x).div(Math.sqrt(3)), 1e-14)
    await expectClose(layer.apply(params, x, new Repeats([2, 0, 2])), y, 0)
    expect(() => layer.apply(params, x, ints([0, 0, 3, 2]))).toThrow(InputError)
  })

  test('the perceptron scales by its inputs', async () => {
    const mlp = new MultiLayerPerceptron([4, 2], nn.silu, { withBias: true, outputActivation: true })
    const input = randomArray([5, 3], 1)
    const params = mlp.init(random.key(0), input)
    expect(params.map(({ w, b }) => [w.shape, b?.shape])).toEqual([[[3, 4], [4]], [[4, 2], [2]]])
    const act = nn.normalizeFunction(nn.silu)
    const [first, second] = params
    if (!first?.b || !second?.b) throw new Error('no biases')
    const hidden = act(np.matmul(input, first.w).add(first.b).div(Math.sqrt(3)))
    await expectClose(mlp.apply(params, input), act(np.matmul(hidden, second.w).add(second.b).div(2)), 1e-14)
    expect(() => mlp.apply(params.slice(1), input)).toThrow(/1 layers of parameters for 2/)
    expect(() => mlp.apply(params, randomArray([5, 4], 1))).toThrow(/w of layer 0/)
  })

  test('radial functions and gather', async () => {
    const r = np.array([0, 0.5, 1, 1.5], { dtype: 'float64' })
    expect((await softEnvelope(r).data())[1]).toBeCloseTo(0.72783679, 8)
    expect((await softEnvelope(r).data())[2]).toBe(0)
    expect((await sus(r.neg()).data()).every((value) => value === 0)).toBe(true)
    expect((await smoothBump(r).data())[0]).toBeCloseTo(1.14136, 5)
    const basis = await bessel(r, 2, 2).data()
    expect(basis[0]).toBeCloseTo(Math.PI / 2, 12)
    expect(basis[2]).toBeCloseTo(Math.sin((Math.PI * 0.5) / 2) / 0.5, 12)
    expect((await polynomialEnvelope(r, 1).data())[2]).toBe(0)
    const summed = gather(ints([1, 1, 0, 1]), x, 2)
    await expectClose(summed, np.segmentSum(x.array, ints([1, 1, 0, 1]), 2), 0)
    expect(() => gather(ints([1, 1, 0, 2]), x, 2)).toThrow(InputError)
  })
})

describe('dictionaries by irrep', () => {
  test.each([irMul, mulIr])('are the flat arrays, %s', async (layout) => {
    const own = x.changeLayout(layout)
    const dict = irDict.flatToDict(irreps, own.array, layout)
    expect(Object.entries(dict).map(([name, { shape }]) => [name, shape])).toEqual([['0e', [4, 2, 1]], ['1o', [4, 3, 3]]])
    await expectClose(irDict.dictToFlat(irreps, dict, layout), own.array, 0)
    await expectClose(irDict.irrepsAdd(dict, irDict.irrepsZerosLike({ '1o': dict['1o'] ?? x.array }))['0e'] ?? x.array, dict['0e'] ?? x.array, 0)
    expect(() => irDict.assertMulIrDict(irreps, { '0e': x.array })).toThrow(DimensionError)
    expect(() => irDict.flatToDict('2x0e + 1x0e', x.array, asLayout(layout))).toThrow()
    expect(() => irDict.dictToFlat(irreps, { ...dict, '2e': x.array }, layout)).toThrow(/not in/)
  })

  test('polynomials of dictionaries are those of flat arrays', async () => {
    const split = descriptors.linearIrDict(irreps, new Irreps('O3', '2x0e + 2x1o')).polynomial
    const [w = x.array, s = w, t = w] = split.inputs.map((operand, i) =>
      randomArray(i === 0 ? [operand.size] : [4, operand.numSegments, ...operand.segmentShape], i),
    )
    const outputs = split.outputs.map((operand) => np.zeros([4, operand.numSegments, ...operand.segmentShape], { dtype: 'float64' }))
    const found = irDict.segmentedPolynomialUniform1d(split, { a: w, b: [s, t] }, outputs)
    const flat = (a: DeviceArray, lead: readonly number[]) => a.reshape([...lead, -1])
    const e = descriptors.linear(irreps, new Irreps('O3', '2x0e + 2x1o'))
    const input = new IrrepsArray(irreps, np.concatenate([flat(s, [4]), flat(t, [4])], -1), irMul)
    const expected = equivariantTensorProduct(e, w, input)
    await expectClose(np.concatenate(found.map((a) => flat(a, [4])), -1), expected.array, 1e-13)
  })
})
