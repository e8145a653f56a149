import { Irreps, mulIr, use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { describe, expect, test } from 'vitest'
import * as cuet from '../src/index.ts'
import { expectClose, given, random } from './support/numbers.ts'

const backend = createCpu({ threads: 1 })
const device = backend.openSync()

const [features, harmonics] = [new Irreps('O3', '5x0e + 5x1o'), new Irreps('O3', '0e + 1o')]
const common = { layout: mulIr, dtype: 'float64' } as const

class Layer extends cuet.Module {
  readonly up = new cuet.Linear({ ...common, irrepsIn: features, irrepsOut: features })
  readonly conv = new cuet.ChannelWiseTensorProduct({ ...common, irrepsIn1: features, irrepsIn2: harmonics, filterIrrepsOut: features, sharedWeights: false })
  readonly down = new cuet.Linear({ ...common, irrepsIn: this.conv.irrepsOut, irrepsOut: features })
  readonly contraction = new cuet.SymmetricContraction({ ...common, irrepsIn: features, irrepsOut: features, contractionDegree: 2, numElements: 3 })
  readonly skip = new cuet.FullyConnectedTensorProduct({ ...common, irrepsIn1: features, irrepsIn2: '3x0e', irrepsOut: features })

  forward(batch: Batch, useFallback?: boolean): cuet.Tensor {
    const call = useFallback === undefined ? {} : { useFallback }
    const edges = { indices1: batch.senders, indicesOut: batch.receivers, sizeOut: batch.x.shape[0] ?? 0 }
    const messages = this.conv.forward(this.up.forward(batch.x, call), cuet.sphericalHarmonics([0, 1], batch.vectors), batch.weights, { ...edges, ...call })
    const contracted = this.contraction.forward(this.down.forward(messages, call), batch.species, call)
    return contracted.add(this.skip.forward(batch.x, cuet.oneHot(batch.species, 3, 'float64'), call))
  }
}

interface Batch {
  readonly x: cuet.Tensor
  readonly vectors: cuet.Tensor
  readonly weights: cuet.Tensor
  readonly senders: cuet.Tensor
  readonly receivers: cuet.Tensor
  readonly species: cuet.Tensor
}

const integers = (...values: number[]) => cuet.tensor(values, { dtype: 'int32' })
const layer = new Layer()
const batchOf = (): Batch => ({
  x: random([4, features.dim], 1),
  vectors: random([6, 3], 2),
  weights: random([6, layer.conv.weightNumel], 3),
  senders: integers(0, 1, 2, 3, 0, 2),
  receivers: integers(1, 0, 3, 2, 2, 0),
  species: integers(0, 2, 1, 2),
})

async function pass(useFallback?: boolean): Promise<number[]> {
  layer.zeroGrad()
  const batch = batchOf()
  const y = layer.forward(batch, useFallback)
  y.square().sum().backward()
  const all = [y, ...[...layer.parameters()].map((parameter) => given(parameter.grad))]
  return (await Promise.all(all.map(async (x) => [...(await x.data())]))).flat()
}

describe('modules on kernels', () => {
  test('give what plain TypeScript gives, eager, by compiled methods and in compiled steps', async () => {
    expect(() => layer.forward(batchOf(), false)).toThrow(/needs kernels/)
    const plain = await pass()
    use({ ...backend, openSync: () => device })
    const { liveBuffers } = device.statistics()
    expectClose(await pass(), plain, 1e-12)
    expectClose(await pass(false), plain, 1e-12)
    expect(device.statistics().liveBuffers).toBeGreaterThan(liveBuffers)
    expectClose(await pass(true), plain, 1e-12)
    const step = cuet.compile((batch: Batch) => {
      layer.zeroGrad()
      const y = layer.forward(batch)
      y.square().sum().backward()
      return y.detach()
    })
    for (let i = 0; i < 3; i++) {
      const y = step(batchOf())
      const all = [y, ...[...layer.parameters()].map((parameter) => given(parameter.grad))]
      expectClose((await Promise.all(all.map(async (x) => [...(await x.data())]))).flat(), plain, 1e-12)
    }
    expect(step.statistics()?.calls).toBe(2)
  })

  function trained(mode: 'eager' | 'compiled'): () => cuet.Tensor {
    const model = new Layer()
    const optimizer = new cuet.Adam(model.parameters(), { lr: 1e-3, amsgrad: true })
    const average = new cuet.ExponentialMovingAverage(model.parameters())
    const batch = batchOf()
    const eager = (own: Batch) => {
      optimizer.zeroGrad()
      const loss = model.forward(own).square().mean()
      loss.backward()
      cuet.clipGradNorm_(model.parameters(), 10)
      optimizer.step()
      average.update()
      return loss
    }
    const step = mode === 'compiled' ? cuet.compile(eager) : eager
    return () => step(batch)
  }

  test('train for 1,000 compiled steps with no more buffers than for a few', () => {
    const step = trained('compiled')
    const train = (steps: number) => {
      for (let i = 0; i < steps; i++) step().dispose()
      return [cuet.liveBuffers(), device.statistics().liveBuffers]
    }
    const few = train(20)
    expect(train(980)).toEqual(few)
  })

  test('train for 1,000 eager steps without growth: what nobody holds is collected', { timeout: 120_000 }, async () => {
    const step = trained('eager')
    let [few, most] = [0, 0]
    for (let i = 0; i < 1000; i++) {
      await step().item()
      if (i === 20) few = cuet.liveBuffers()
      most = Math.max(most, cuet.liveBuffers())
    }
    // Of four that a step leaves behind: constants that were computed on the way, the loss, and the norm of the gradients.
    expect(most).toBeLessThan(2 * few + 1500)
  })
})
