import { irMul, mulIr } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as cuet from '../../src/index.ts'
import { given, random } from '../support/numbers.ts'
import { inputsFor, specimens } from '../support/specimens.ts'

const step = 1e-3

/** ∂f along `directions` by a quotient of fourth order, while the leaves are moved and put back. */
async function quotient(f: () => cuet.Tensor, leaves: readonly cuet.Tensor[], directions: readonly cuet.Tensor[]): Promise<number> {
  const origins = leaves.map((leaf) => leaf.detach())
  const at = async (h: number) => {
    for (const [i, leaf] of leaves.entries()) leaf.copy_(given(origins[i]).add(given(directions[i]).mul(h)))
    return f().item()
  }
  const [p2, p1, m1, m2] = [await at(2 * step), await at(step), await at(-step), await at(-2 * step)]
  for (const [i, leaf] of leaves.entries()) leaf.copy_(given(origins[i]))
  return (8 * (p1 - m1) - (p2 - m2)) / (12 * step)
}

/** Σ aᵢ · bᵢ */
function dot(a: readonly cuet.Tensor[], b: readonly cuet.Tensor[]): cuet.Tensor {
  return a.map((x, i) => x.mul(given(b[i])).sum()).reduce((x, y) => x.add(y))
}

type Tensors = readonly cuet.Tensor[]

async function expectDerivatives(forward: (inputs: Tensors) => cuet.Tensor, inputs: Tensors, parameters: readonly cuet.Parameter[]): Promise<void> {
  const leaves = [...inputs, ...parameters]
  const directions = (seed: number) => leaves.map(({ shape }, i) => random(shape, seed + i))
  const [along, weights] = [directions(101), directions(201)]
  const cotangent = random(forward(inputs).shape, 7)
  const value = () => forward(inputs).mul(cotangent).sum()
  const gradients = (createGraph: boolean) => cuet.grad(value(), leaves, { createGraph, allowUnused: true })
  const first = await dot(gradients(false), along).item()
  const measured = await quotient(value, leaves, along)
  expect(Math.abs(first - measured)).toBeLessThanOrEqual(1e-8 * (1 + Math.abs(measured)))
  const slope = () => dot(gradients(true), weights)
  const second = await dot(cuet.grad(slope(), leaves, { allowUnused: true }), along).item()
  const measuredSecond = await quotient(slope, leaves, along)
  expect(Math.abs(second - measuredSecond)).toBeLessThanOrEqual(1e-7 * (1 + Math.abs(measuredSecond)))
}

describe.each([mulIr, irMul].map((layout) => [layout.name, layout] as const))('first and second derivatives in layout %s are those of differences:', (_, layout) => {
  test.each(specimens(layout).map((one) => [one.name, one] as const))('%s', async (__, one) => {
    await expectDerivatives((inputs) => one.forward(...inputs), inputsFor(one, 3, true), [...one.module.parameters()])
  })

  test('Rotation, with respect to angles too', async () => {
    const rotation = new cuet.Rotation({ irreps: '3x0e + 2x1o + 1x2e', layout, dtype: 'float64' })
    const leaf = (shape: cuet.Shape, seed: number) => random(shape, seed, { requiresGrad: true })
    const leaves = [leaf([1], 1), leaf([2], 2), leaf([2], 3), leaf([2, 14], 4)] as const
    await expectDerivatives(() => rotation.forward(...leaves), leaves, [])
  })
})

const { nn } = cuet
const float64 = { dtype: 'float64' } as const
const linear = new nn.Linear(3, 2, float64)
const layerNorm = new nn.LayerNorm(3, float64)
const embedding = new nn.Embedding(4, 3, float64)
const mlp = new nn.MLP([3, 5, 2], float64)
const indices = cuet.tensor([2, 0, 2, 3], { dtype: 'int32' })
const target = random([4, 3], 9)

describe('first and second derivatives are those of differences:', () => {
  const functions: readonly (readonly [string, (x: cuet.Tensor) => cuet.Tensor, readonly cuet.Parameter[]])[] = [
    ['nn.Linear', (x) => linear.forward(x), [...linear.parameters()]],
    ['nn.LayerNorm', (x) => layerNorm.forward(x), [...layerNorm.parameters()]],
    ['nn.Embedding', (x) => embedding.forward(indices).mul(x), [...embedding.parameters()]],
    ['nn.MLP', (x) => mlp.forward(x), [...mlp.parameters()]],
    ...(['silu', 'tanh', 'sigmoid', 'gelu', 'gelu_tanh', 'softplus'] as const).map((f) => [`nn.Activation ${f}`, (x: cuet.Tensor) => new nn.Activation(f, { normalized: true }).forward(x), []] as const),
    ['nn.BesselBasis', (x) => new nn.BesselBasis(3, 5, float64).forward(x.flatten().add(2)), []],
    ['nn.GaussianBasis', (x) => new nn.GaussianBasis(3, 5, float64).forward(x.flatten().add(2)), []],
    ['nn.ChebyshevBasis', (x) => new nn.ChebyshevBasis(3).forward(x.flatten()), []],
    ['nn.PolynomialCutoff', (x) => new nn.PolynomialCutoff(5, 5).forward(x.flatten().add(2)), []],
    ['nn.mseLoss', (x) => nn.mseLoss(x, target), []],
    ['nn.huberLoss', (x) => nn.huberLoss(x, target, { delta: 0.3 }), []],
    ['sphericalHarmonics', (x) => cuet.sphericalHarmonics([1, 2], x), []],
    ['scatterReduce, mean', (x) => cuet.scatterReduce(x.square(), indices, { dimSize: 4, reduce: 'mean' }), []],
    ['scatterReduce, prod', (x) => cuet.scatterReduce(x, indices, { dimSize: 4, reduce: 'prod' }), []],
    ['scatterReduce, amax', (x) => cuet.scatterReduce(x.square(), indices, { dimSize: 4, reduce: 'amax' }), []],
    ['prod', (x) => x.prod(1), []],
    ['scatter', (x) => cuet.scatter(x.square(), 0, indices.reshape([4, 1]), x.at(':', [0, 1]).pow(3)), []],
    ['einsum', (x) => cuet.einsum('ij,ik,il->jkl', x, x, x), []],
    ['gather, scatterAdd, indexAdd', (x) => cuet.indexAdd(cuet.scatterAdd(cuet.gather(x, 0, indices.reshape([4, 1])), 0, indices.reshape([4, 1]), x.at(':', [0, 1]).square()), 0, indices, x.at(':', [1, 2]).pow(3)), []],
    ['vectorToEulerAngles', (x) => cuet.stack(Object.values(cuet.vectorToEulerAngles(x))), []],
    ['encodeRotationAngle', (x) => cuet.encodeRotationAngle(x.flatten(), 2), []],
    ['reductions', (x) => x.var(0).add(x.std(0)).add(x.norm(0)).add(x.amax(0)).add(x.cumsum(0).at(-1).square()), []],
  ]

  test.each(functions)('%s', async (_, f, parameters) => {
    await expectDerivatives(([x]) => f(given(x)), [random([4, 3], 1, { requiresGrad: true })], parameters)
  })
})
