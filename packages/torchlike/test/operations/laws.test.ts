import { Irreps, irMul, mulIr, type Layout } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as cuet from '../../src/index.ts'
import { expectClose, random } from '../support/numbers.ts'
import { inputsFor, specimens } from '../support/specimens.ts'

const layouts: readonly Layout[] = [mulIr, irMul]
const turns = [[0.3, -1.1, 2], [2.7, 0.4, -0.9]] as const

/** D(g) x for the rotation by Euler angles, with or without the inversion. */
function moved(x: cuet.Tensor, irreps: Irreps, layout: Layout, [gamma, beta, alpha]: readonly [number, number, number], inverted: boolean): cuet.Tensor {
  const options = { irreps, layout, dtype: 'float64' } as const
  const rotated = new cuet.Rotation(options).forward(gamma, beta, alpha, x)
  return inverted ? new cuet.Inversion(options).forward(rotated) : rotated
}

describe.each(layouts.map((layout) => [layout.name, layout] as const))('in layout %s', (_, layout) => {
  const all = specimens(layout).map((one) => [one.name, one] as const)

  test.each(all)('%s is equivariant under rotations and inversion', async (__, one) => {
    const inputs = inputsFor(one, 4)
    const y = one.forward(...inputs)
    expect(y.shape.at(-1)).toBe(one.output.dim)
    for (const turn of turns)
      for (const inverted of [false, true]) {
        const turned = one.forward(...inputs.map((x, i) => moved(x, one.inputs[i]?.irreps ?? one.output, layout, turn, inverted)))
        expectClose(await turned.data(), await moved(y, one.output, layout, turn, inverted).data(), 1e-12)
      }
  })

  test.each(all.filter(([, { isRowwise }]) => isRowwise))('%s computes rows by themselves: none, one, many', async (__, one) => {
    const many = inputsFor(one, 3)
    const y = one.forward(...many)
    expect(y.shape).toEqual([3, one.output.dim])
    const first = one.forward(...many.map((x) => x.at([0, 1])))
    expect(first.shape).toEqual([1, one.output.dim])
    expectClose(await first.data(), await y.at([0, 1]).data())
    const none = inputsFor(one, 0, true)
    const empty = one.forward(...none)
    expect(empty.shape).toEqual([0, one.output.dim])
    const parameters = [...one.module.parameters()]
    const gradients = cuet.grad(empty.sum(), [...none, ...parameters], { allowUnused: true })
    for (const [i, gradient] of gradients.entries()) {
      expect(gradient.shape).toEqual([...none, ...parameters][i]?.shape)
      expect([...(await gradient.data())].every((value) => value === 0)).toBe(true)
    }
  })
})

test.each([
  ['Linear', (weight: cuet.Tensor, x: cuet.Tensor) => new cuet.Linear({ irrepsIn: '3x0e + 1x1o', irrepsOut: '2x0e + 2x1o', sharedWeights: false, dtype: 'float64' }).forward(x, weight), 8],
  [
    'FullyConnectedTensorProduct',
    (weight: cuet.Tensor, x: cuet.Tensor) => new cuet.FullyConnectedTensorProduct({ irrepsIn1: '3x0e + 1x1o', irrepsIn2: '0e', irrepsOut: '2x0e + 2x1o', sharedWeights: false, dtype: 'float64' }).forward(x, cuet.ones([1, 1], { dtype: 'float64' }), weight),
    8,
  ],
  [
    'ChannelWiseTensorProduct',
    (weight: cuet.Tensor, x: cuet.Tensor) => new cuet.ChannelWiseTensorProduct({ irrepsIn1: '3x0e + 1x1o', irrepsIn2: '0e', sharedWeights: false, dtype: 'float64' }).forward(x, cuet.ones([1, 1], { dtype: 'float64' }), weight),
    4,
  ],
] as const)('%s: one row of weights is that row for every row of inputs', async (_, f, numel) => {
  const x = random([5, 6], 1)
  const weight = random([1, numel], 2, { requiresGrad: true })
  const repeated = weight.expand([5, numel])
  const [one, many] = [f(weight, x), f(repeated, x)]
  expectClose(await one.data(), await many.data())
  const [first] = cuet.grad(one.square().sum(), [weight])
  const [second] = cuet.grad(many.square().sum(), [weight])
  expectClose(await first.data(), await second.data())
})

test('rotations compose, and one undoes the other', async () => {
  const irreps = new Irreps('SO3', '3x0 + 1 + 4x2 + 4')
  const rotation = new cuet.Rotation({ irreps, dtype: 'float64' })
  const x = random([4, irreps.dim], 3)
  expectClose(await rotation.forward(-0.7, 1.1, -0.2, rotation.forward(0.2, -1.1, 0.7, x)).data(), await x.data())
  const angles = random([4], 5)
  const each = rotation.forward(angles, 0.4, angles, x)
  for (let row = 0; row < 4; row++)
    expectClose(await each.at(row).data(), await rotation.forward(angles.at(row), 0.4, angles.at(row), x.at([row, row + 1])).data())
})

test('angles of vectors rotate the polar axis onto them', async () => {
  const vectors = random([6, 3], 7)
  const { beta, alpha } = cuet.vectorToEulerAngles(vectors)
  const rotation = new cuet.Rotation({ irreps: new Irreps('SO3', '1'), dtype: 'float64' })
  const axes = rotation.forward(0, beta, alpha, cuet.tensor([[0, 1, 0]], { dtype: 'float64' }))
  expectClose(await axes.data(), await vectors.div(vectors.norm(1, { keepDims: true })).data())
  const encoded = cuet.encodeRotationAngle(alpha, 2)
  const expected = [...(await alpha.data())].flatMap((angle) => [Math.cos(2 * angle), Math.cos(angle), 1, Math.sin(angle), Math.sin(2 * angle)])
  expectClose(await encoded.data(), expected)
})
