import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as cuex from '../../src/index.ts'
import { maceLayer, type LayerInputs, type LayerParams, type LayerSizes } from './mace-layer.ts'

const { numpy: np } = cuex

interface Tensor {
  readonly shape: readonly number[]
  readonly data: readonly number[]
  readonly int?: boolean
}

/** Of a gradient too large to be stored. */
interface Summary {
  readonly shape: readonly number[]
  readonly sum: number
  readonly sumOfSquares: number
  readonly first: readonly number[]
}

/** What derivatives are taken with respect to. */
export type Differentiated = Pick<LayerInputs, 'nodeFeats' | 'radialEmbeddings' | 'vectors'>

/** The reference's numbers for the tutorial's program. */
export interface Fixture {
  readonly sizes: LayerSizes
  readonly inputs: Readonly<Record<keyof LayerInputs, Tensor>>
  readonly params: Readonly<Record<string, Tensor>>
  readonly steps: Readonly<Record<string, Tensor>>
  readonly irreps: Readonly<Record<string, string>>
  readonly output: Tensor
  readonly cotangent: Tensor
  readonly gradients: Readonly<Record<keyof Differentiated, Tensor>>
  readonly double_gradients: Readonly<Record<keyof Differentiated, Tensor>>
  readonly parameterGradients: Readonly<Record<string, Summary>>
}

export function readFixture(file: URL = new URL('../fixtures/mace_layer.json.gz', import.meta.url)): Fixture {
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as Fixture
}

/** The program, its inputs and parameters on the default device, and its derivatives. */
export function tutorial(fixture: Fixture, dtype: 'float32' | 'float64') {
  const arrayOf = ({ shape, data, int }: Tensor) => np.array(data, { shape, dtype: int ? 'int32' : dtype })
  const mapped = <K extends string>(tensors: Readonly<Record<K, Tensor>>) =>
    Object.fromEntries(Object.entries<Tensor>(tensors).map(([name, tensor]) => [name, arrayOf(tensor)])) as Record<K, cuex.DeviceArray>
  const inputs: LayerInputs = mapped(fixture.inputs)
  const params: LayerParams = mapped(fixture.params)
  const cotangent = arrayOf(fixture.cotangent)
  const { nodeFeats, radialEmbeddings, vectors } = inputs
  const differentiated: Differentiated = { nodeFeats, radialEmbeddings, vectors }
  const zero: cuex.DeviceArray = np.array(0, { dtype })

  const objective = (own: Differentiated, weights: LayerParams): cuex.DeviceArray => {
    const { nodeOutputs } = maceLayer(fixture.sizes, { ...inputs, ...own }, weights)
    if (!(nodeOutputs instanceof cuex.IrrepsArray)) throw new Error('no outputs')
    return np.sum(np.multiply(nodeOutputs.array, cotangent))
  }
  const sumOfSquares = (own: Differentiated): cuex.DeviceArray =>
    cuex.tree.reduce((sum, g) => sum.add(np.sum(np.square(g))), cuex.grad(objective)(own, params), zero)
  return {
    inputs,
    params,
    differentiated,
    layer: (own: LayerInputs, weights: LayerParams) => maceLayer(fixture.sizes, own, weights),
    gradients: cuex.grad(objective, { argnums: [0, 1] }),
    secondGradients: cuex.grad(sumOfSquares),
  }
}
