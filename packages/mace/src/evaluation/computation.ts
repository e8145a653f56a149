import { InternalError } from '@equivar/core'
import { add, compile, grad, gradSteps, scopeInSteps, sum, track, type FloatDType, type NDArray, type Program, type ProgramExplanation, type Steps } from '@equivar/engine'
import { disposeTree } from '../model/dispose-tree.ts'
import type { GraphArrays } from '../model/graph.ts'
import type { MaceNetwork, NetworkOutput, NetworkWeights } from '../model/network.ts'
import type { GraphBatch } from '../structures/index.ts'
import { nodesPerChunk, type MemoryUse } from './memory.ts'
import type { EvaluationOptions } from './options.ts'
import { within, type Runtime } from '../runtime.ts'
import { SearchPrograms } from './search-programs.ts'

/** What of the network's results is wanted, beside the energies. */
export interface Wanted {
  /** ∂E/∂vectors */
  readonly gradient: boolean
  readonly features: boolean
  readonly terms: boolean
}

export function wantedOf({ forces = true, stress, virials, atomicVirials, edgeForces, descriptors, contributions }: EvaluationOptions): Wanted {
  const gradient = forces || stress === true || virials === true || atomicVirials === true || edgeForces === true
  return { gradient, features: descriptors !== undefined && descriptors !== false, terms: contributions === true }
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
export interface BatchArrays {
  readonly nodeEnergies: NDArray
  readonly embeddingEnergies: readonly NDArray[]
  readonly gradient: readonly NDArray[]
  readonly features: readonly NDArray[]
  readonly terms: readonly NDArray[]
}

/** {@link GraphArrays} as a tree of arrays, the only thing that changes from one batch to the next. */
interface GraphTree extends Omit<GraphArrays, 'numNodes' | 'features'> {
  readonly features: Readonly<Record<string, NDArray>>
}

/** A network with its weights, ready to evaluate. */
export class Evaluator {
  readonly network: MaceNetwork
  readonly weights: NetworkWeights
  readonly dtype: FloatDType
  readonly runtime: Runtime
  readonly #memory: MemoryUse
  /** Programs that find the edges themselves. */
  readonly searching: SearchPrograms
  readonly #programs = new Map<string, Program<[GraphTree], BatchArrays>>()
  #last: Pick<Program<[GraphTree], BatchArrays>, 'profile'> | undefined

  constructor(network: MaceNetwork, weights: NetworkWeights, dtype: FloatDType, runtime: Runtime, memory: MemoryUse) {
    this.network = network
    this.weights = weights
    this.dtype = dtype
    this.runtime = runtime
    this.#memory = memory
    this.searching = new SearchPrograms(runtime)
  }

  /** Nodes of a batch whose edges are evaluated together; `undefined` if all are. */
  nodesPerChunk(batch: Pick<GraphBatch, 'numNodes' | 'numEdges'>): number | undefined {
    const { dtype, network, runtime } = this
    return nodesPerChunk({ memory: this.#memory, architecture: network.definition.architecture, dtype, capabilities: runtime.capabilities }, batch)
  }

  /** Takes over the graph. `pause` runs now and then; what it throws ends the work. */
  async compute(graph: GraphArrays, wanted: Wanted, pause: () => Promise<void>): Promise<BatchNumbers> {
    let results: BatchArrays
    try {
      const run = () => this.#program(wanted, graph).run(treeOf(graph))
      results = this.runtime.isCompiled ? within(this.runtime, run) : await this.#inSteps(graph, wanted, pause)
    } finally {
      disposeTree(graph)
    }
    return readAll(results)
  }

  /** The energies, and what else of {@link compute} is wanted, of a graph that may be abstract. */
  apply(graph: GraphArrays, wanted: Wanted): BatchArrays {
    const output = this.network.apply(this.weights, graph)
    const gradient = wanted.gradient ? grad(totalEnergy(output), [graph.vectors], { allowUnused: true }) : []
    return selected(output, gradient, wanted)
  }

  /** The compiled program for what is wanted, and for graphs with or without pairs of edges and chunks. */
  #program(wanted: Wanted, { pairs, chunks }: GraphArrays): Program<[GraphTree], BatchArrays> {
    const key = [wanted.gradient, wanted.features, wanted.terms, pairs !== undefined, chunks !== undefined].join()
    let program = this.#programs.get(key)
    const { method, precision } = this.runtime
    if (!program) this.#programs.set(key, (program = compile((graph: GraphTree) => this.#applyTree(graph, wanted), { method, precision })))
    this.ran(program)
    return program
  }

  /** What the program did that ran last. */
  explain(): Promise<ProgramExplanation> {
    if (!this.#last) throw new InternalError('no program has run')
    return this.#last.profile()
  }

  /** Says which program runs. */
  ran(program: Pick<Program<[GraphTree], BatchArrays>, 'profile'>): void {
    this.#last = program
  }

  dispose(): void {
    this.searching.dispose()
    for (const program of this.#programs.values()) program.dispose()
    this.#programs.clear()
    disposeTree(this.weights)
    this.weights.parameters.dispose()
  }

  #applyTree(tree: GraphTree, wanted: Wanted): BatchArrays {
    const vectors = wanted.gradient ? track(tree.vectors) : tree.vectors
    return this.apply({ ...tree, vectors, numNodes: tree.species.shape[0] ?? 0, features: new Map(Object.entries(tree.features)) }, wanted)
  }

  async #inSteps(graph: GraphArrays, wanted: Wanted, pause: () => Promise<void>): Promise<BatchArrays> {
    const { network, weights } = this
    const work = function* () {
      const vectors = wanted.gradient ? track(graph.vectors) : graph.vectors
      const output = yield* network.steps(weights, { ...graph, vectors })
      const gradient = wanted.gradient ? yield* gradSteps(totalEnergy(output), [vectors], { allowUnused: true }) : []
      return selected(output, gradient, wanted)
    }
    return scopeInSteps(() => stepsWithin(this.runtime, work()), pause)
  }
}

/** The mode holds for synchronous code only, so it is set for each step. */
export function* stepsWithin<R>(runtime: Runtime, steps: Steps<R>): Steps<R> {
  for (;;) {
    const step = within(runtime, () => steps.next())
    if (step.done === true) return step.value
    yield
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

function treeOf({ features, chunks, vectors, senders, receivers, pairs, species, atomicNumbers, headMask }: GraphArrays): GraphTree {
  return { vectors, senders, receivers, pairs, chunks, species, atomicNumbers, headMask, features: Object.fromEntries(features) }
}

/** Brings results to the host, and gives their memory back. */
export async function readAll(results: BatchArrays): Promise<BatchNumbers> {
  const [nodeEnergies, embeddingEnergies, gradient, features, terms] = await Promise.all([
    read(results.nodeEnergies),
    Promise.all(results.embeddingEnergies.map(read)),
    Promise.all(results.gradient.map(read)),
    Promise.all(results.features.map(read)),
    Promise.all(results.terms.map(read)),
  ])
  return { nodeEnergies, embeddingEnergies: embeddingEnergies[0], gradient: gradient[0] ?? new Float64Array(0), features, terms }
}

export async function read(x: NDArray): Promise<Float64Array> {
  const data = new Float64Array(await x.data())
  x.dispose()
  return data
}
