import { InputError, ShapeError } from '@equivar/core'
import { add, array, cast, defaultDevice, segmentSum, sub, take, type FloatDType, type NDArray } from '@equivar/engine'
import type { MaceDefinition } from './definition.ts'
import { edgeVectors, graphArrays, speciesOf } from './evaluation/batch-inputs.ts'
import { referenceEnergies } from './evaluation/reference-energies.ts'
import type { GraphArrays } from './model/graph.ts'
import { MaceNetwork } from './model/network.ts'
import { isParameter } from './model/parameter-names.ts'
import { Parameters } from './model/parameters.ts'
import type { ChebyshevForces } from './model/radial.ts'
import { registeredRuntime } from './runtime.ts'
import type { GraphBatch, Structure } from './structures/index.ts'

/** Arrays by name; engine's transformations and compiled programs take such trees. */
export type ArrayTree = Readonly<Record<string, NDArray>>

/** A batch as arrays: everything that the energies depend on, beside the parameters. */
export interface MaceInputs {
  /**
   * [N, 3] Å, float64. On a device without float64, where differences of positions would lose their last digits: displacements from the
   * positions of the batch, float32, zero at first. Derivatives by them are the same.
   */
  readonly positions: NDArray
  /** [E, 3] Å, of the dtype of positions: what is added to `r[receiver] − r[sender]`, of which something is left where an edge crosses the cell. */
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
  /** [G] eV, of the dtype of positions: sums of the reference energies of the atoms. */
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

  /** On the default device. @throws {InputError} if the model does not know an element or the head. */
  inputs(structures: readonly Structure[], batch: GraphBatch, dtype: FloatDType, options: MaceInputOptions = {}): MaceInputs {
    const { architecture } = this.definition
    const head = this.#headNumber(options)
    const reference = this.totals(new Float64Array(batch.numNodes), batch, options)
    const { geometry } = registeredRuntime({ device: defaultDevice() })
    const origin = new Float64Array(batch.positions.length)
    const shifts = edgeVectors(geometry === 'float64' ? { ...batch, positions: origin } : batch)
    const edges = array(shifts, { shape: [batch.numEdges, 3], dtype: geometry })
    const graph = graphArrays(batch, edges, structures, architecture, { head, dtype, paired: true })
    const { vectors, pairs, features, senders, receivers, species, atomicNumbers, headMask } = graph
    return {
      senders,
      receivers,
      species,
      atomicNumbers,
      headMask,
      positions: array(geometry === 'float64' ? batch.positions : origin, { shape: [batch.numNodes, 3], dtype: geometry }),
      shifts: vectors,
      pairs: pairs ? { ...pairs } : {},
      batch: array(batch.batch),
      reference: array(reference, { dtype: geometry }),
      features: Object.fromEntries(features),
    }
  }

  /**
   * `E[g] = Σ_{atoms i of g} E_i + E0[g]`: total energies of the structures, [G] eV, of the dtype of positions. Where that is float32, the last
   * digits of large sums are lost; {@link MaceFunction.totals} has them.
   */
  energies(parameters: ArrayTree, inputs: MaceInputs): NDArray {
    const { batch, reference } = inputs
    return add(segmentSum(this.nodeEnergies(parameters, inputs), batch, reference.shape[0] ?? 0), reference)
  }

  /** Energies of the atoms without their reference energies, [N] eV, of the dtype of positions. */
  nodeEnergies(parameters: ArrayTree, inputs: MaceInputs): NDArray {
    const { positions, shifts, senders, receivers, headMask } = inputs
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
    const geometry = positions.dtype === 'float64' ? 'float64' : 'float32'
    const weights = this.#network.prepare(new Parameters(new Map(Object.entries(parameters)), dtype), geometry)
    const { nodeEnergies, embeddingEnergies } = this.#network.apply(weights, graph)
    return cast(embeddingEnergies ? add(nodeEnergies, embeddingEnergies) : nodeEnergies, geometry)
  }

  /**
   * What {@link MaceFunction.energies} gives, summed in float64 on the host, from {@link MaceFunction.nodeEnergies} as they were read: to 1e-6 of
   * the interaction energy also for thousands of atoms in float32.
   *
   * @throws {ShapeError} unless there is an energy for every atom of the batch.
   */
  totals(nodeEnergies: ArrayLike<number>, { atomicNumbers, batch, numGraphs, numNodes }: GraphBatch, options: MaceInputOptions = {}): Float64Array {
    if (nodeEnergies.length !== numNodes) throw new ShapeError(`MaceFunction: there are ${nodeEnergies.length} energies, the batch has ${numNodes} atoms; pass what nodeEnergies gives for it`)
    const totals = new Float64Array(numGraphs)
    const reference = this.#referenceEnergies(atomicNumbers, this.#headNumber(options))
    for (let atom = 0; atom < numNodes; atom++) {
      const graph = batch[atom] ?? 0
      totals[graph] = (totals[graph] ?? 0) + (nodeEnergies[atom] ?? 0) + (reference[atom] ?? 0)
    }
    return totals
  }

  #headNumber({ head }: MaceInputOptions): number {
    const { heads } = this.definition.architecture
    const number = head === undefined && heads.length === 1 ? 0 : heads.indexOf(head ?? '')
    if (number < 0) throw new InputError(`MaceFunction: head '${head ?? ''}' is unknown; the model has ${heads.map((name) => `'${name}'`).join(', ')}`)
    return number
  }

  #referenceEnergies(atomicNumbers: Int32Array, head: number): Float64Array {
    return referenceEnergies(this.definition, speciesOf(atomicNumbers, this.definition.architecture.atomicNumbers), head)
  }
}
