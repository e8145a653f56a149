import { add, gradSteps, scopeInSteps, sum, track, type FloatDType, type NDArray } from '@equivar/engine'
import { disposeTree } from '../model/dispose-tree.ts'
import type { GraphArrays } from '../model/graph.ts'
import type { MaceNetwork, NetworkOutput, NetworkWeights } from '../model/network.ts'
import type { Runtime } from './runtime.ts'

/** What of the network's results is wanted, beside the energies. */
export interface Wanted {
  /** ∂E/∂vectors */
  readonly gradient: boolean
  readonly features: boolean
  readonly terms: boolean
}

/** Results of the network for a batch, in host memory. */
export interface BatchNumbers {
  /** [N] eV */
  readonly nodeEnergies: Float64Array
  /** [N] eV, of models with an embedding readout. */
  readonly embeddingEnergies: Float64Array | undefined
  /** [E, 3] eV/Å; empty unless it was wanted. */
  readonly gradient: Float64Array
  readonly features: readonly Float64Array[]
  readonly terms: readonly Float64Array[]
}

/** The same as arrays, absent ones left out. */
interface BatchArrays {
  readonly nodeEnergies: NDArray
  readonly embeddingEnergies: readonly NDArray[]
  readonly gradient: readonly NDArray[]
  readonly features: readonly NDArray[]
  readonly terms: readonly NDArray[]
}

/** A network with its weights, ready to evaluate. */
export class Evaluator {
  readonly network: MaceNetwork
  readonly weights: NetworkWeights
  readonly dtype: FloatDType
  readonly runtime: Runtime

  constructor(network: MaceNetwork, weights: NetworkWeights, dtype: FloatDType, runtime: Runtime) {
    this.runtime = runtime
    this.network = network
    this.weights = weights
    this.dtype = dtype
  }

  /** Takes over the graph. `pause` runs now and then; what it throws ends the work. */
  async compute(graph: GraphArrays, wanted: Wanted, pause: () => Promise<void>): Promise<BatchNumbers> {
    let results: BatchArrays
    try {
      results = await this.#inSteps(graph, wanted, pause)
    } finally {
      disposeTree(graph)
    }
    const [nodeEnergies, embeddingEnergies, gradient, features, terms] = await Promise.all([
      read(results.nodeEnergies),
      Promise.all(results.embeddingEnergies.map(read)),
      Promise.all(results.gradient.map(read)),
      Promise.all(results.features.map(read)),
      Promise.all(results.terms.map(read)),
    ])
    return { nodeEnergies, embeddingEnergies: embeddingEnergies[0], gradient: gradient[0] ?? new Float64Array(0), features, terms }
  }

  dispose(): void {
    disposeTree(this.weights)
    this.weights.parameters.dispose()
  }

  async #inSteps(graph: GraphArrays, wanted: Wanted, pause: () => Promise<void>): Promise<BatchArrays> {
    const { network, weights } = this
    const work = function* () {
      const vectors = wanted.gradient ? track(graph.vectors) : graph.vectors
      const output = yield* network.steps(weights, { ...graph, vectors })
      const gradient = wanted.gradient ? yield* gradSteps(totalEnergy(output), [vectors], { allowUnused: true }) : []
      return selected(output, gradient, wanted)
    }
    return scopeInSteps(work, pause)
  }
}

/** The energy of all atoms of a batch that depends on positions, as one number. */
export function totalEnergy({ nodeEnergies, embeddingEnergies }: NetworkOutput): NDArray {
  return sum(embeddingEnergies ? add(nodeEnergies, embeddingEnergies) : nodeEnergies)
}

function selected({ nodeEnergies, embeddingEnergies, features, terms }: NetworkOutput, gradient: readonly NDArray[], wanted: Wanted): BatchArrays {
  return {
    nodeEnergies,
    embeddingEnergies: embeddingEnergies ? [embeddingEnergies] : [],
    gradient,
    features: wanted.features ? features : [],
    terms: wanted.terms ? terms : [],
  }
}

async function read(x: NDArray): Promise<Float64Array> {
  const data = Float64Array.from(await x.data())
  x.dispose()
  return data
}
