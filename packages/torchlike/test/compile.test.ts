import { InputError, Irreps, mulIr } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as cuet from '../src/index.ts'
import { expectClose, random } from './support/numbers.ts'

const irreps = new Irreps('O3', '3x0e + 2x1o')

class Model extends cuet.Module {
  readonly linear = new cuet.Linear({ irrepsIn: irreps, irrepsOut: irreps, layout: mulIr, dtype: 'float64' })
  readonly product = new cuet.FullyConnectedTensorProduct({ irrepsIn1: irreps, irrepsIn2: irreps, irrepsOut: irreps, layout: mulIr, dtype: 'float64' })
  readonly average = new cuet.Buffer(cuet.zeros([irreps.dim], { dtype: 'float64' }))

  forward(x: cuet.Tensor): cuet.Tensor {
    const y = this.product.forward(this.linear.forward(x), x)
    if (this.training) this.average.copy_(cuet.noGrad(() => this.average.mul(0.9).add(y.mean(0).mul(0.1))))
    return y.sub(this.average)
  }
}

/** Two models alike, trained by the same steps, one of them compiled. */
function pair(make: (model: Model) => (x: cuet.Tensor) => cuet.Tensor, compiledOptions = {}) {
  const [eager, compiled] = [new Model(), new Model()]
  compiled.loadStateDict(eager.stateDict())
  const step = cuet.compile(make(compiled), compiledOptions)
  return { eager, compiled, steps: [make(eager), step] as const, step }
}

describe('a compiled training step', () => {
  test.each([
    ['Adam', (model: Model) => new cuet.Adam(model.parameters(), { lr: 0.01, amsgrad: true, weightDecay: 0.1 })],
    ['AdamW', (model: Model) => new cuet.AdamW(model.parameters(), { lr: 0.01 })],
    ['SGD', (model: Model) => new cuet.SGD(model.parameters(), { lr: 0.01, momentum: 0.9, nesterov: true })],
  ] as const)('gives the numbers of eager steps with %s', async (_, optimizerOf) => {
    const optimizers: cuet.Optimizer<cuet.GroupOptions>[] = []
    const { eager, compiled, steps, step } = pair((model) => {
      const optimizer = optimizerOf(model)
      optimizers.push(optimizer)
      return (x) => {
        optimizer.zeroGrad()
        const loss = model.forward(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss
      }
    })
    for (let i = 0; i < 6; i++) {
      const [x] = [random([4 + (i % 2), irreps.dim], i)]
      if (i === 4) for (const optimizer of optimizers) for (const group of optimizer.groups) group.lr = 0.001
      const [a, b] = steps.map((run) => run(x))
      expectClose(await (b as cuet.Tensor).data(), await (a as cuet.Tensor).data(), 1e-13)
      for (const [name, tensor] of eager.stateDict()) expectClose(await (compiled.stateDict().get(name) as cuet.Tensor).data(), await tensor.data(), 1e-12)
      for (const [k, parameter] of [...eager.parameters()].entries())
        expectClose(await ([...compiled.parameters()][k]?.grad as cuet.Tensor).data(), await (parameter.grad as cuet.Tensor).data(), 1e-12)
    }
    expect(step.statistics()?.calls).toBeGreaterThanOrEqual(3)
    step.dispose()
  })

  test('accumulates gradients where eager steps do, and takes second derivatives', async () => {
    const { eager, compiled, steps } = pair((model) => (x) => {
      const inputs = x.detach().requiresGrad_()
      const [force] = cuet.grad(model.forward(inputs).square().sum(), [inputs], { createGraph: true })
      force.square().sum().backward()
      return force.detach()
    })
    for (let i = 0; i < 4; i++) {
      const x = random([3, irreps.dim], i)
      const [a, b] = steps.map((run) => run(x))
      expectClose(await (b as cuet.Tensor).data(), await (a as cuet.Tensor).data(), 1e-12)
    }
    for (const [k, parameter] of [...eager.parameters()].entries())
      expectClose(await ([...compiled.parameters()][k]?.grad as cuet.Tensor).data(), await (parameter.grad as cuet.Tensor).data(), 1e-12)
  })

  test('knows training from evaluation', async () => {
    const { eager, compiled, steps } = pair((model) => (x) => cuet.noGrad(() => model.forward(x)))
    const x = random([3, irreps.dim], 1)
    for (const training of [true, true, true, false, false, true]) {
      eager.train(training)
      compiled.train(training)
      const [a, b] = steps.map((run) => run(x))
      expectClose(await (b as cuet.Tensor).data(), await (a as cuet.Tensor).data(), 1e-12)
    }
    expectClose(await compiled.average.data(), await eager.average.data(), 1e-12)
  })

  test('goes on in the random numbers', async () => {
    const generators = [new cuet.Generator(3), new cuet.Generator(3)] as const
    const draw = (generator: cuet.Generator) => (x: cuet.Tensor) => x.add(cuet.randn([3], { generator, dtype: 'float64' }))
    const compiled = cuet.compile(draw(generators[1]))
    const x = cuet.zeros([3], { dtype: 'float64' })
    const seen = new Set<number>()
    for (let i = 0; i < 4; i++) {
      const expected = await draw(generators[0])(x).data()
      expectClose(await compiled(x).data(), expected, 0)
      seen.add(expected[0] ?? 0)
    }
    expect(seen.size).toBe(4)
  })

  test('runs hooks, takes trees, and refuses what is no tensor', async () => {
    const parameter = new cuet.Parameter(cuet.tensor([1, 2], { dtype: 'float64' }))
    parameter.registerHook((gradient) => gradient.mul(3))
    const f = cuet.compile(({ x, list }: { x: cuet.Tensor; list: readonly cuet.Tensor[] }) => {
      parameter.grad = null
      const y = list.reduce((a, b) => a.add(b), x).mul(parameter).sum()
      y.backward()
      return { y, none: undefined }
    })
    const x = cuet.tensor([1, 1], { dtype: 'float64' })
    for (let i = 0; i < 3; i++) {
      const { y } = f({ x, list: [x, x] })
      expect(await y.item()).toBe(9)
      expect([...(await (parameter.grad as unknown as cuet.Tensor).data())]).toEqual([9, 9])
    }
    expect(() => cuet.compile((y: cuet.Tensor) => y)(3 as unknown as cuet.Tensor)).toThrow(InputError)
    expect(() => f({ x: x.clone().requiresGrad_().mul(2), list: [] })).toThrow(/detach/)
  })
})
