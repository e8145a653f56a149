import { InputError } from '@equivar/core'
import { add, array, cast, segmentSum, sub, take, type FloatDType, type NDArray } from '@equivar/engine'
import type { MaceDefinition } from './definition.ts'
import { edgeVectors, graphArrays, speciesOf } from './evaluation/batch-inputs.ts'
import { referenceEnergies } from './evaluation/reference-energies.ts'
import type { GraphArrays } from './model/graph.ts'
import { MaceNetwork } from './model/network.ts'
import { isParameter } from './model/parameter-names.ts'
import { Parameters } from './model/parameters.ts'
import type { ChebyshevForces } from './model/radial.ts'
import type { GraphBatch, Structure } from './structures/index.ts'

/** Arrays by name; engine's transformations and compiled programs take such trees. */
export type ArrayTree = Readonly<Record<string, NDArray>>

/** A batch as arrays: everything that the energies depend on, beside the parameters. */
export interface MaceInputs {
  /** [N, 3] Å, float64 */
  readonly positions: NDArray
  /** [E, 3] Å, float64: what is added to `r[receiver] − r[sender]` where an edge crosses the cell. */
  readonly shifts: NDArray
  /** [E] int32 */
  readonly senders: NDArray
  readonly receivers: NDArray
  /** [E] and [P] int32: pairs of an edge and its reverse; empty where there are none. */
  readonly pairs: ArrayTree
  /** [N] int32 */
  readonly species: NDArray
  readonly atomicNumbers: NDArray
  /** [N, heads] */
  readonly headMask: NDArray
  /** [N] int32, the structure of every atom. */
  readonly batch: NDArray
  /** [G] eV, float64: sums of the reference energies of the atoms. */
  readonly reference: NDArray
  readonly features: ArrayTree
}

export interface MaceInputOptions {
  /** Name of the head that evaluates the batch; needed if the model has several. */
  readonly head?: string
}

/**
 * A MACE model as a function of its parameters and of a batch, made of the engine's primitives: for training, for `compile`, and for
 * derivatives of any order with respect to positions and parameters.
 *
 * @example
 * const model = new MaceFunction(definition)
 * const parameters = model.initialParameters('float64')
 * const inputs = model.inputs(structures, await collate(structures, model.cutoff), 'float64')
 * const positions = track(inputs.positions)
 * const energies = model.energies(parameters, { ...inputs, positions })
 * const [gradient] = grad(sum(energies), [positions])
 */
export class MaceFunction {
  readonly definition: MaceDefinition
  readonly #network: MaceNetwork

  /** @throws {FormatError} if a tensor is missing. */
  constructor(definition: MaceDefinition, { chebyshevForces = 'reference' }: { readonly chebyshevForces?: ChebyshevForces } = {}) {
    this.definition = definition
    this.#network = new MaceNetwork(definition, chebyshevForces)
  }

  /** Å. */
  get cutoff(): number {
    return this.definition.architecture.cutoff
  }

  /** All numbers of the definition as arrays, by mace-torch's names; those of {@link MaceFunction.trainable} are trained. */
  initialParameters(dtype: FloatDType): ArrayTree {
    return Object.fromEntries(Parameters.fromDefinition(this.definition, dtype).entries())
  }

  /** Names of the parameters that mace-torch trains; all others are buffers. */
  get trainable(): readonly string[] {
    return [...this.definition.tensors.keys()].filter(isParameter)
  }

  /** @throws {InputError} if the model does not know an element or the head. */
  inputs(structures: readonly Structure[], batch: GraphBatch, dtype: FloatDType, { head }: MaceInputOptions = {}): MaceInputs {
    const { architecture } = this.definition
    const number = head === undefined && architecture.heads.length === 1 ? 0 : architecture.heads.indexOf(head ?? '')
    if (number < 0) throw new InputError(`MaceFunction: head '${head ?? ''}' is unknown; the model has ${architecture.heads.map((name) => `'${name}'`).join(', ')}`)
    const perAtom = referenceEnergies(this.definition, speciesOf(batch.atomicNumbers, architecture.atomicNumbers), number)
    const reference = new Float64Array(batch.numGraphs)
    perAtom.forEach((energy, atom) => {
      const graph = batch.batch[atom] ?? 0
      reference[graph] = (reference[graph] ?? 0) + energy
    })
    const shifts = edgeVectors({ ...batch, positions: new Float64Array(batch.positions.length) })
    const edges = array(shifts, { shape: [batch.numEdges, 3], dtype: 'float64' })
    const graph = graphArrays(batch, edges, structures, architecture, { head: number, dtype, paired: true })
    const { vectors, pairs, features, senders, receivers, species, atomicNumbers, headMask } = graph
    return {
      senders,
      receivers,
      species,
      atomicNumbers,
      headMask,
      positions: array(batch.positions, { shape: [batch.numNodes, 3], dtype: 'float64' }),
      shifts: vectors,
      pairs: pairs ? { ...pairs } : {},
      batch: array(batch.batch),
      reference: array(reference, { dtype: 'float64' }),
      features: Object.fromEntries(features),
    }
  }

  /** Total energies of the structures, [G] eV, float64. */
  energies(parameters: ArrayTree, inputs: MaceInputs): NDArray {
    const { positions, shifts, senders, receivers, batch, reference, headMask } = inputs
    const vectors = add(sub(take(positions, receivers), take(positions, senders)), shifts)
    const { pairOfEdge, edgeOfPair } = inputs.pairs
    const graph: GraphArrays = {
      numNodes: positions.shape[0] ?? 0,
      vectors,
      senders,
      receivers,
      pairs: pairOfEdge && edgeOfPair ? { pairOfEdge, edgeOfPair } : undefined,
      species: inputs.species,
      atomicNumbers: inputs.atomicNumbers,
      headMask,
      features: new Map(Object.entries(inputs.features)),
    }
    const dtype = headMask.dtype === 'float64' ? 'float64' : 'float32'
    const weights = this.#network.prepare(new Parameters(new Map(Object.entries(parameters)), dtype), 'float64')
    const { nodeEnergies, embeddingEnergies } = this.#network.apply(weights, graph)
    const perAtom = cast(embeddingEnergies ? add(nodeEnergies, embeddingEnergies) : nodeEnergies, 'float64')
    return add(segmentSum(perAtom, batch, reference.shape[0] ?? 0), reference)
  }
}
