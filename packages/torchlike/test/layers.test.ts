import { Irreps, irMul, mulIr } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as cuet from '../src/index.ts'
import { expectClose, random } from './support/numbers.ts'

const { layers, nn } = cuet
const float64 = { dtype: 'float64' } as const

describe('batch normalisation', () => {
  const irreps = new Irreps('O3', '3x0e + 2x1o + 1x0o')
  const modes = (['mean', 'max'] as const).flatMap((reduce) => [true, false].map((instance) => ({ reduce, instance })))
  const options = [mulIr, irMul].flatMap((layout) => [true, false].flatMap((affine) => modes.map((mode) => ({ layout, affine, ...mode }))))

  test.each(options)('%j: second moments are 1, scalars are centred', async (one) => {
    const norm = new layers.BatchNorm({ irreps, ...one, ...float64 })
    const x = random([20, 20, irreps.dim], 1).mul(3).add(1)
    const y = norm.forward(x)
    const rows = await y.reshape([400, irreps.dim]).data()
    const column = (i: number) => Array.from({ length: 400 }, (_, row) => rows[row * irreps.dim + i] ?? Number.NaN)
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
    for (let i = 0; i < 3; i++) expect(Math.abs(mean(column(i)))).toBeLessThan(1e-12)
    if (one.reduce === 'mean') for (let i = 0; i < 3; i++) expect(mean(column(i).map((v) => v * v))).toBeCloseTo(1, 4)
    if (!one.instance) {
      norm.eval()
      expect([...(await norm.forward(x).data())]).not.toEqual([...(await y.data())])
      const state = norm.stateDict()
      expect([...state.keys()]).toEqual(expect.arrayContaining(['running_mean', 'running_var']))
      expect(await state.get('running_mean')?.at(0).item()).toBeCloseTo(0.1, 1)
    }
  })

  test('has the same results in both layouts', async () => {
    const x = random([6, irreps.dim], 2)
    const swapped = new cuet.TransposeIrrepsLayout({ irreps, source: mulIr, target: irMul, ...float64 })
    const [a, b] = [mulIr, irMul].map((layout) => new layers.BatchNorm({ irreps, layout, ...float64 }))
    if (!a || !b) throw new Error('two layers')
    expectClose(await b.forward(swapped.forward(x)).data(), await swapped.forward(a.forward(x)).data())
  })

  test('refuses rows of other irreps', () => {
    expect(() => new layers.BatchNorm({ irreps, ...float64 }).forward(random([2, 3], 1))).toThrow(/rows of 3 for/)
    expect(() => new layers.BatchNorm({ irreps, momentum: 2 })).toThrow(/momentum is 2/)
  })
})

describe('reductions of rows', () => {
  const x = cuet.tensor([[1, -2], [3, 4], [-5, 6], [7, 0.5]], float64)
  const index = cuet.tensor([2, 0, 2, 2], { dtype: 'int32' })

  test.each([
    ['sum', [3, 4, 0, 0, 3, 4.5]],
    ['mean', [3, 4, 0, 0, 1, 1.5]],
    ['prod', [3, 4, 0, 0, -35, -6]],
    ['amax', [3, 4, 0, 0, 7, 6]],
    ['amin', [3, 4, 0, 0, -5, -2]],
  ] as const)('%s', async (reduce, expected) => {
    expectClose(await cuet.scatterReduce(x, index, { dimSize: 3, reduce }).data(), expected)
    expectClose(await cuet.scatterReduce(x.transpose(0, 1), index, { dim: 1, dimSize: 3, reduce }).transpose(0, 1).data(), expected)
    const none = cuet.scatterReduce(cuet.zeros([0, 2], float64), cuet.zeros([0], { dtype: 'int32' }), { dimSize: 2, reduce })
    expect([...(await none.data())]).toEqual([0, 0, 0, 0])
  })
})

describe('the fully connected convolution', () => {
  const [irrepsIn, irrepsSh, irrepsOut] = ['2x0e + 1x1o', '0e + 1o', '2x0e + 1x1o + 1x1e'].map((text) => new Irreps('O3', text)) as [Irreps, Irreps, Irreps]
  const graph = { sources: cuet.tensor([0, 1, 2, 2, 0], { dtype: 'int32' }), destinations: cuet.tensor([1, 1, 0, 3, 3], { dtype: 'int32' }), numDestinations: 4 }

  test.each([
    [undefined, true],
    [[4, 8], true],
    [[4, 8, 8], false],
  ])('is equivariant with a network of %j, normalised %s', async (mlpChannels, batchNorm) => {
    const conv = new layers.FullyConnectedTensorProductConv({ irrepsIn, irrepsSh, irrepsOut, batchNorm, ...(mlpChannels ? { mlpChannels } : {}), ...float64 })
    const x = random([3, irrepsIn.dim], 1)
    const vectors = random([5, 3], 2)
    const embedding = random([5, mlpChannels ? 4 : conv.tp.weightNumel], 3)
    const envelope = random([5], 4)
    const rotate = (irreps: Irreps, of: cuet.Tensor) => new cuet.Rotation({ irreps, ...float64 }).forward(0.3, -1.1, 2, of)
    const run = (features: cuet.Tensor, directions: cuet.Tensor) =>
      conv.forward(features, cuet.sphericalHarmonics([0, 1], directions), embedding, graph, { edgeEnvelope: envelope })
    const rotated = run(rotate(irrepsIn, x), rotate(new Irreps('O3', '1o'), vectors))
    expectClose(await rotated.data(), await rotate(irrepsOut, run(x, vectors)).data(), 1e-11)
    if (mlpChannels) expect([...conv.stateDict().keys()]).toEqual(expect.arrayContaining(['mlp.0.weight', 'mlp.0.bias']))
  })

  test('refuses what does not fit the edges', () => {
    const conv = new layers.FullyConnectedTensorProductConv({ irrepsIn, irrepsSh, irrepsOut, ...float64 })
    const sh = random([5, 4], 1)
    expect(() => conv.forward(random([3, 5], 1), random([4, 4], 1), random([5, conv.tp.weightNumel], 1), graph)).toThrow(/edgeSh has 4 rows for 5 edges/)
    expect(() => conv.forward(random([3, 5], 1), sh, random([5, conv.tp.weightNumel], 1), graph, { sourceScalars: random([3, 1], 1) })).toThrow(/mlpChannels/)
  })
})

describe('what networks are made of besides', () => {
  test('dense layers, normalisation and embeddings do what torch does', async () => {
    const linear = new nn.Linear(3, 2, float64)
    linear.loadStateDict(new Map([['weight', cuet.tensor([[1, 2, 3], [4, 5, 6]], float64)], ['bias', cuet.tensor([0.5, -1], float64)]]))
    expectClose(await linear.forward(cuet.tensor([[[1, 0, -1]]], float64)).data(), [-1.5, -3])
    const norm = new nn.LayerNorm(2, float64)
    expectClose(await norm.forward(cuet.tensor([[3, 1]], float64)).data(), [1 / Math.sqrt(1 + 1e-5), -1 / Math.sqrt(1 + 1e-5)])
    const embedding = new nn.Embedding(4, 2, float64)
    expectClose(await embedding.forward(cuet.tensor([3, 3], { dtype: 'int32' })).at(0).data(), await embedding.weight.at(3).data())
    expect(() => embedding.forward(cuet.tensor([1]))).toThrow(/int32/)
    expect(() => linear.forward(cuet.tensor([[1, 2]], float64))).toThrow(/extent 3/)
    expect(() => linear.forward(cuet.tensor([[1, 2, 3]], { dtype: 'float32' }))).toThrow(/\.to\('float64'\)/)
  })

  test('networks of radial functions keep second moments', async () => {
    const mlp = new nn.MLP([8, 64, 64, 16], float64)
    const y = mlp.forward(cuet.randn([200, 8], float64))
    expect(await y.square().mean().item()).toBeCloseTo(1, 0)
    expect([...mlp.stateDict().keys()]).toEqual(['layer0.weight', 'layer1.weight', 'layer2.weight'])
  })

  test('radial functions have the values of MACE', async () => {
    const r = cuet.tensor([1.7], float64)
    const bessel = [0.326014710325, 0.31411756902, -0.023360124374, -0.336625220509, -0.300980749177, 0.046628057009, 0.345907224738, 0.286656095823]
    expectClose(await new nn.BesselBasis(8, 5, float64).forward(r).data(), bessel, 1e-11)
    const gaussian = [0.058883168098, 0.38589112843, 0.930344808241, 0.825141823623, 0.269227104747, 0.032315767822, 0.001426972802, 0.00002318048]
    expectClose(await new nn.GaussianBasis(8, 5, float64).forward(r).data(), gaussian, 1e-11)
    expectClose(await new nn.PolynomialCutoff(5, 5).forward(r).data(), [0.9507752616384])
    expectClose(await new nn.ChebyshevBasis(3).forward(cuet.tensor([0.3], float64)).data(), [0.3, -0.82, -0.792])
  })

  test.each([mulIr, irMul])('gates and norm activations are equivariant, layout %s', async (layout) => {
    const gate = new nn.Gate({ scalars: '2x0e', gated: '2x1o + 1x2e', layout })
    const rotate = (irreps: Irreps, of: cuet.Tensor) => new cuet.Rotation({ irreps, layout, ...float64 }).forward(0.3, -1.1, 2, of)
    const x = random([4, gate.irrepsIn.dim], 1)
    expectClose(await gate.forward(rotate(gate.irrepsIn, x)).data(), await rotate(gate.irrepsOut, gate.forward(x)).data(), 1e-11)
    const norm = new nn.NormActivation({ irreps: gate.irrepsOut, layout, activation: 'silu' })
    const y = random([4, gate.irrepsOut.dim], 2)
    expectClose(await norm.forward(rotate(gate.irrepsOut, y)).data(), await rotate(gate.irrepsOut, norm.forward(y)).data(), 1e-11)
    expect(() => new nn.Gate({ scalars: '1x1o', gated: '1x1o' })).toThrow(/not scalars/)
  })

  test('losses', async () => {
    const [x, y] = [cuet.tensor([1, 2, 5], float64), cuet.tensor([1.5, 2, 1], float64)]
    expect(await nn.mseLoss(x, y).item()).toBeCloseTo(16.25 / 3)
    expect(await nn.l1Loss(x, y, { reduction: 'sum' }).item()).toBe(4.5)
    expectClose(await nn.huberLoss(x, y, { delta: 1, reduction: 'none' }).data(), [0.125, 0, 3.5])
    expect(() => nn.mseLoss(x, y.reshape([3, 1]))).toThrow(/differ/)
    expect(() => nn.huberLoss(x, y, { delta: 0 })).toThrow(/delta/)
  })

  test('a loader gives every item once an epoch, in an order of seed and epoch', async () => {
    const loader = new cuet.DataLoader([1, 2, 3, 4, 5, 6, 7], { batchSize: 3, shuffle: true, collate: (items) => cuet.tensor([...items]) })
    const seen: number[] = []
    const batches: cuet.Tensor[] = []
    for await (const batch of loader.epoch(4)) {
      seen.push(...(await batch.data()))
      batches.push(batch)
    }
    expect([...seen].sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(loader.order(4)).toEqual(loader.order(4))
    expect(loader.order(4)).not.toEqual(loader.order(5))
    await expect(batches[0]?.data()).rejects.toThrow(/disposed/)
    const rest: number[] = []
    for await (const batch of loader.epoch(4, 2)) rest.push(...(await batch.data()))
    expect(rest).toEqual(seen.slice(6))
    expect(() => new cuet.DataLoader([1], { batchSize: 0, collate: (x) => x })).toThrow(/batchSize/)
  })
})
