import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { use } from '@equivar/core'
import { device } from '@equivar/engine'
import { cpu } from '@equivar/kernels-cpu'
import { beforeAll, describe, expect, test } from 'vitest'
import * as cuex from '../../src/index.ts'
import { maceLayer, type LayerInputs, type LayerParams, type LayerSizes } from '../support/mace-layer.ts'
import { expectClose } from '../support/numbers.ts'

const { numpy: np } = cuex

interface Tensor {
  readonly shape: readonly number[]
  readonly data: readonly number[]
  readonly int?: boolean
}

interface Fixture {
  readonly sizes: LayerSizes
  readonly inputs: Readonly<Record<keyof LayerInputs, Tensor>>
  readonly params: Readonly<Record<string, Tensor>>
  readonly steps: Readonly<Record<string, Tensor>>
  readonly irreps: Readonly<Record<string, string>>
  readonly output: Tensor
  readonly cotangent: Tensor
  readonly gradients: Readonly<Record<'nodeFeats' | 'radialEmbeddings' | 'vectors', Tensor>>
  readonly double_gradients: Readonly<Record<'nodeFeats' | 'radialEmbeddings' | 'vectors', Tensor>>
  readonly parameterGradients: Readonly<Record<string, Summary>>
}

interface Summary {
  readonly shape: readonly number[]
  readonly sum: number
  readonly sumOfSquares: number
  readonly first: readonly number[]
}

const fixture = JSON.parse(gunzipSync(readFileSync(new URL('../fixtures/mace_layer.json.gz', import.meta.url))).toString()) as Fixture
const arrayOf = ({ shape, data, int }: Tensor) => np.array(data, { shape, dtype: int ? 'int32' : 'float64' })
const mapped = <K extends string>(tensors: Readonly<Record<K, Tensor>>) =>
  Object.fromEntries(Object.entries<Tensor>(tensors).map(([name, tensor]) => [name, arrayOf(tensor)])) as Record<K, cuex.DeviceArray>

const inputs: LayerInputs = mapped(fixture.inputs)
const params: LayerParams = mapped(fixture.params)
const cotangent = arrayOf(fixture.cotangent)

type Differentiated = Pick<LayerInputs, 'nodeFeats' | 'radialEmbeddings' | 'vectors'>
const { nodeFeats, radialEmbeddings, vectors } = inputs
const differentiated: Differentiated = { nodeFeats, radialEmbeddings, vectors }

const objective = (own: Differentiated, weights: LayerParams): cuex.DeviceArray => {
  const { nodeOutputs } = maceLayer(fixture.sizes, { ...inputs, ...own }, weights)
  if (!(nodeOutputs instanceof cuex.IrrepsArray)) throw new Error('no outputs')
  return np.sum(np.multiply(nodeOutputs.array, cotangent))
}
const gradients = cuex.grad(objective, { argnums: [0, 1] })
const zero: cuex.DeviceArray = np.array(0, { dtype: 'float64' })
const sumOfSquares = (own: Differentiated): cuex.DeviceArray =>
  cuex.tree.reduce((sum, g) => sum.add(np.sum(np.square(g))), cuex.grad(objective)(own, params), zero)

const modes = [
  ['plain TypeScript', 'eager'],
  ['plain TypeScript', 'jit'],
  ['kernels', 'eager'],
  ['kernels', 'jit'],
] as const

describe.each(modes)('the layer of the tutorial, by %s, %s', (by, mode) => {
  // Kernels take over once they are registered and their device was opened.
  beforeAll(async () => {
    if (by !== 'kernels') return
    use(cpu)
    await device('cpu')
  })
  const run = <A extends unknown[], R>(f: (...args: A) => R): ((...args: A) => R) => (mode === 'jit' ? cuex.jit(f) : f)

  test('has the intermediates of the reference', async () => {
    const steps = run((own: LayerInputs, weights: LayerParams) => maceLayer(fixture.sizes, own, weights))(inputs, params)
    expect(Object.keys(steps).sort()).toEqual(Object.keys(fixture.steps).sort())
    for (const [name, expected] of Object.entries(fixture.steps)) {
      const step = steps[name]
      expect(step?.shape, name).toEqual(expected.shape)
      if (step) await expectClose(step, expected.data, 1e-12, name)
      const irreps = fixture.irreps[name]
      if (irreps !== undefined) expect(step instanceof cuex.IrrepsArray ? step.irreps.toString().replaceAll('1x', '') : step, name).toBe(irreps)
    }
  })

  test('has its gradients, of inputs and parameters', async () => {
    const [ofInputs, ofParams] = run(gradients)(differentiated, params)
    for (const [name, expected] of Object.entries(fixture.gradients)) await expectClose(ofInputs[name as keyof Differentiated], expected.data, 1e-12)
    for (const [name, { shape, sum, sumOfSquares: squares, first }] of Object.entries(fixture.parameterGradients)) {
      const g = ofParams[name]
      expect(g?.shape).toEqual(shape)
      if (!g) continue
      await expectClose(np.sum(np.square(g)), [squares], 1e-12)
      await expectClose(np.sum(g), [sum], 1e-10)
      await expectClose(g.reshape([-1]).at([0, first.length]), first, 1e-12)
    }
  })

  test('has its second gradients', async () => {
    const found = run(cuex.grad(sumOfSquares))(differentiated)
    for (const [name, expected] of Object.entries(fixture.double_gradients)) await expectClose(found[name as keyof Differentiated], expected.data, 1e-12)
  })
})
