import { DeviceError, DtypeError, InputError, ShapeError } from '@equivar/core'
import { array, hessianVectorProduct, scope, zeros, type FloatDType, type MethodChoice, type ProgramExplanation } from '@equivar/engine'
import type { MaceDefinition } from './definition.ts'
import { loadDefinition, type LoadOptions, type ModelSource } from './load/index.ts'
import { Evaluator } from './evaluation/computation.ts'
import { energyOfDisplacements, evaluateBatch } from './evaluation/evaluate-batch.ts'
import { evaluateBySearch, isServed } from './evaluation/evaluate-by-search.ts'
import { requireMemoryUse, type MemoryUse } from './evaluation/memory.ts'
import type { Evaluation, EvaluationOptions } from './evaluation/options.ts'
import { requireEvaluable, requireGraph } from './evaluation/require.ts'
import { MaceNetwork } from './model/network.ts'
import { Parameters } from './model/parameters.ts'
import type { ChebyshevForces } from './model/radial.ts'
import { openRuntime, registeredRuntime, within, type Runtime, type RuntimeOptions } from './runtime.ts'
import { collate, type GraphBatch, type Structure } from './structures/index.ts'

export interface MaceOptions extends RuntimeOptions {
  /**
   * Arithmetic of the network; by default that of the file, or float32 on a device without float64. Edge vectors are differences in float64
   * and sums over atoms are in float64 either way.
   */
  readonly dtype?: FloatDType | undefined
  /**
   * Only for models with a Chebyshev basis. Default `'reference'`: the forces that mace-torch gives and that the model was
   * trained to give. They are not the derivative of the energy; for dynamics that conserve it choose `'exact'`.
   */
  readonly chebyshevForces?: ChebyshevForces | undefined
  /**
   * Default `'auto'`: `'low'` where what is kept for derivatives would not fit into the device, else `'full'`. `'low'` computes what belongs to
   * edges for some of the atoms at a time, and again for derivatives: a small part of the memory, for more time. Hessians are always `'full'`.
   */
  readonly memory?: MemoryUse | undefined
}

/** Atoms evaluated together when nobody says how many structures a batch holds. */
const atomsPerBatch = 500

/**
 * A MACE interatomic potential: energies in eV of atoms with positions in Å, and derivatives of the energy.
 *
 * @example
 * const model = await Mace.load('aspirin.model')
 * const [result] = await model.evaluate([structure], { forces: true })
 */
export class Mace {
  readonly definition: MaceDefinition
  readonly dtype: FloatDType
  /** Where the model runs. */
  readonly device: string
  /** How it runs; `'naive'` if the device has no kernels. */
  readonly method: MethodChoice
  #evaluator: Evaluator | undefined

  private constructor(definition: MaceDefinition, evaluator: Evaluator) {
    this.definition = definition
    this.dtype = evaluator.dtype
    this.device = evaluator.runtime.device
    this.method = evaluator.runtime.isCompiled ? evaluator.runtime.method : 'naive'
    this.#evaluator = evaluator
  }

  /**
   * Reads a model: a `.model` file of mace-torch, also compressed by gzip, or a file of this project. The source is a path
   * (in Node), a URL, a Blob, bytes or a stream; nothing is fetched unless a URL is given.
   *
   * @throws {FormatError} if the file is damaged or holds something that is not understood; {@link loadDefinition} says more.
   * @throws {DeviceError} if the device cannot be had, or has no float64 or no units for the precision and that is asked for.
   * @throws the signal's reason once it is aborted.
   */
  static async load(source: ModelSource, options: LoadOptions & MaceOptions = {}): Promise<Mace> {
    const [definition, runtime] = await Promise.all([loadDefinition(source, options), openRuntime(options)])
    return Mace.#prepare(definition, options, runtime)
  }

  /**
   * A model from a definition that is already in memory, on a device that is open or that a registered backend opens at once.
   *
   * @throws {FormatError} if a tensor is missing. @throws {DeviceError} if kernels are asked for and no backend is registered.
   */
  static fromDefinition(definition: MaceDefinition, options: MaceOptions = {}): Mace {
    return Mace.#prepare(definition, options, registeredRuntime(options))
  }

  static #prepare(definition: MaceDefinition, options: MaceOptions, runtime: Runtime): Mace {
    const { dtype = runtime.geometry === 'float32' ? 'float32' : definition.architecture.dtype, chebyshevForces = 'reference', memory = 'auto' } = options
    if (!['float32', 'float64'].includes(dtype)) throw new DtypeError(`Mace: dtype '${dtype}' is unknown; use 'float32' or 'float64'`)
    if (dtype === 'float64' && runtime.geometry === 'float32')
      throw new DeviceError(`Mace: device '${runtime.device}' has no float64; use dtype 'float32', or device 'cpu' or 'cuda', which have it`)
    if (!['exact', 'reference'].includes(chebyshevForces)) throw new InputError(`Mace: chebyshevForces '${chebyshevForces}' is unknown; use 'reference' or 'exact'`)
    requireMemoryUse(memory)
    if (dtype === 'float64' && runtime.precision !== 'float32')
      throw new InputError(`Mace: precision '${runtime.precision}' is of products in float32, but the network is in float64; load it with dtype 'float32', or leave precision out`)
    const network = new MaceNetwork(definition, chebyshevForces)
    // Made outside of the scope: the parameters stay alive for as long as the model.
    const parameters = within(runtime, () => Parameters.fromDefinition(definition, dtype))
    const weights = within(runtime, () => scope(() => network.prepare(parameters, runtime.geometry)))
    return new Mace(definition, new Evaluator(network, weights, dtype, runtime, memory))
  }

  /** Cutoff radius, Å. */
  get cutoff(): number {
    return this.definition.architecture.cutoff
  }

  /** Names of the heads; one for most models. */
  get heads(): readonly string[] {
    return this.definition.architecture.heads
  }

  /**
   * Energies, and what `options` asks for, of every structure, in order. Structures may differ in size.
   *
   * @throws {InputError} if an element is unknown to the model, a feature that it needs is missing, two atoms coincide, a
   * head is unknown, an option is out of range, an energy or a force is not finite, or the model was disposed.
   * @throws the signal's reason once it is aborted.
   */
  async evaluate(structures: readonly Structure[], options: EvaluationOptions = {}): Promise<Evaluation[]> {
    const head = this.#headNumber(options.head)
    const { signal, batchSize, hessian } = options
    requireEvaluable(structures, this.definition.architecture, options)
    signal?.throwIfAborted()
    const results: Evaluation[] = []
    // Every row of a Hessian is a gradient of the whole batch, so structures beside it would be computed for nothing.
    for (const group of batches(structures, hessian ? 1 : batchSize)) {
      const first = results.length
      const nameOf = (index: number) => (structures.length > 1 ? `structure ${first + index}` : undefined)
      const found = await evaluateBySearch(this.#live(), group, head, options, first)
      if (found) {
        results.push(found)
        continue
      }
      const batch = await collate(group, this.cutoff, { device: this.device, method: this.method, signal, nameOf })
      for (const result of await evaluateBatch(this.#live(), group, batch, head, options, first)) results.push(result)
    }
    return results
  }

  /**
   * Whether {@link Mace.evaluate} finds the neighbours of a single structure on the device, in the program that evaluates it, so that a list
   * kept by the host would save nothing.
   */
  findsNeighbors(options: EvaluationOptions = {}): boolean {
    return isServed(this.#live(), options)
  }

  /**
   * {@link Mace.evaluate} of structures whose edges are already known: all pairs closer than the cutoff, no others. They are
   * evaluated together, at the positions and cells of the batch.
   *
   * @throws {InputError} if the batch is not made of these structures or its tables do not fit together; and as evaluate does.
   */
  async evaluateGraph(structures: readonly Structure[], batch: GraphBatch, options: Omit<EvaluationOptions, 'batchSize'> = {}): Promise<Evaluation[]> {
    const head = this.#headNumber(options.head)
    requireEvaluable(structures, this.definition.architecture, options)
    requireGraph(structures, batch)
    options.signal?.throwIfAborted()
    return evaluateBatch(this.#live(), structures, batch, head, options)
  }

  /**
   * `Σ_j ∂²E/∂r_i∂r_j v_j`, eV/Å² times the unit of v, shape (N, 3): the Hessian of a structure applied to a vector, at the
   * cost of a few evaluations.
   *
   * @throws {ShapeError} unless v has three components for each atom. @throws {InputError} as {@link Mace.evaluate} does, or if
   * a component of v is not finite. @throws the signal's reason once it is aborted.
   */
  async hessianVectorProduct(structure: Structure, vector: ArrayLike<number>, options: Pick<EvaluationOptions, 'head' | 'signal'> = {}): Promise<Float64Array> {
    requireEvaluable([structure], this.definition.architecture, {})
    if (vector.length !== 3 * structure.numAtoms)
      throw new ShapeError(`hessianVectorProduct: the vector has ${vector.length} components, the structure needs ${3 * structure.numAtoms}; pass three an atom`)
    if (!Array.from(vector).every(Number.isFinite)) throw new InputError('hessianVectorProduct: a component of the vector is not finite; pass numbers only')
    const head = this.#headNumber(options.head)
    const batch = await collate([structure], this.cutoff, { device: this.device, method: this.method, signal: options.signal })
    const evaluator = this.#live()
    const shape = [structure.numAtoms, 3]
    const work = () => {
      const dtype = evaluator.runtime.geometry
      const energy = hessianVectorProduct((moved) => energyOfDisplacements(evaluator, [structure], batch, head, moved), { allowUnused: true })
      return energy([zeros(shape, { dtype })], [array(Float64Array.from(vector), { shape, dtype })])
    }
    const product = within(evaluator.runtime, () => scope(work))
    const [result] = product
    if (!result) return new Float64Array(vector.length)
    const data = Float64Array.from(await result.data())
    result.dispose()
    return data
  }

  /**
   * How structures are evaluated: operations and kernels in their order, flops and bytes, for the sizes of these structures; on devices
   * with a clock also how long each takes.
   *
   * @throws {InputError} as {@link Mace.evaluate} does, or if the model runs without kernels.
   */
  async explain(structures: readonly Structure[], options: Omit<EvaluationOptions, 'batchSize' | 'hessian'> = {}): Promise<ProgramExplanation> {
    const evaluator = this.#live()
    if (!evaluator.runtime.isCompiled)
      throw new InputError("explain: the model runs in plain TypeScript, operation by operation; load it with method 'auto' on a device that has kernels")
    await this.evaluate(structures, { ...options, batchSize: Math.max(1, structures.length) })
    return evaluator.explain()
  }

  /** Gives the memory of the weights back; the second call does nothing. The model cannot be used afterwards. */
  dispose(): void {
    if (!this.#evaluator) return
    this.#evaluator.dispose()
    this.#evaluator = undefined
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #live(): Evaluator {
    if (!this.#evaluator) throw new InputError('Mace: the model was disposed; load it again, or dispose it later')
    return this.#evaluator
  }

  #headNumber(name: string | undefined): number {
    this.#live()
    const { heads } = this
    const fallback = heads.length === 1 ? 0 : heads.findIndex((head) => head.toLowerCase() === 'default')
    const found = name === undefined ? fallback : heads.indexOf(name)
    if (found < 0)
      throw new InputError(`Mace: ${name === undefined ? 'a head must be chosen' : `head '${name}' is unknown`}; the model has ${heads.map((head) => `'${head}'`).join(', ')}`)
    return found
  }
}

function* batches(structures: readonly Structure[], batchSize: number | undefined): Generator<readonly Structure[]> {
  let group: Structure[] = []
  let atoms = 0
  for (const structure of structures) {
    const isFull = batchSize === undefined ? atoms + structure.numAtoms > atomsPerBatch : group.length >= batchSize
    if (group.length > 0 && isFull) {
      yield group
      group = []
      atoms = 0
    }
    group.push(structure)
    atoms += structure.numAtoms
  }
  if (group.length > 0) yield group
}
