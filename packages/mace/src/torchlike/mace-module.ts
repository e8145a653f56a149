import { einsum, scope, take, add, type FloatDType } from '@equivar/engine'
import { Buffer, fromArray, grad, Module, Parameter, zeros, type Tensor } from '@equivar/torchlike'
import type { MaceDefinition } from '../definition.ts'
import { MaceFunction, type MaceInputs } from '../mace-function.ts'
import type { ChebyshevForces } from '../model/radial.ts'
import type { Structure } from '../structures/index.ts'
import { maceBatch, type MaceBatch, type MaceBatchOptions } from './batch.ts'

export interface MaceModuleOptions {
  /** Of parameters and features; geometry is always float64. Default: that of the definition. */
  readonly dtype?: FloatDType
  readonly chebyshevForces?: ChebyshevForces
}

export interface MaceCall {
  /** Default true. */
  readonly forces?: boolean
  /** Default false. */
  readonly stress?: boolean
  /** Let losses on forces and stress be differentiated. Default: whether the module is in training mode. */
  readonly createGraph?: boolean
}

export interface MaceOutputs {
  /** [G] eV, total energies. */
  readonly energy: Tensor
  /** [N, 3] eV/Å, −∂E/∂r. */
  readonly forces?: Tensor
  /** [G, 3, 3] eV/Å³, ∂E/∂ε / V. */
  readonly stress?: Tensor
  /** [G, 3, 3] eV, −∂E/∂ε. */
  readonly virials?: Tensor
}

/**
 * A MACE model as a module: the network of this package with parameters that are trained, under mace-torch's names.
 *
 * `forward(batch, { forces?, stress?, createGraph? })` gives energies and their derivatives; batches come from `batch(structures)`.
 *
 * @throws {FormatError} if the definition lacks a tensor.
 * @example
 * const model = new MaceModule(createDefinition({ elements: ['H', 'C', 'O'], channels: 16, maxL: 1 }))
 * const { energy, forces } = model.forward(await model.batch(structures))
 */
export class MaceModule extends Module {
  readonly definition: MaceDefinition
  readonly dtype: FloatDType
  readonly #function: MaceFunction
  readonly #tensors = new Map<string, Parameter | Buffer>()

  constructor(definition: MaceDefinition, { dtype = definition.architecture.dtype, ...options }: MaceModuleOptions = {}) {
    super()
    this.definition = definition
    this.dtype = dtype
    this.#function = new MaceFunction(definition, options)
    const trainable = new Set(this.#function.trainable)
    for (const [name, x] of Object.entries(this.#function.initialParameters(dtype)))
      this.#tensors.set(name, this.register(name, trainable.has(name) ? new Parameter(x) : new Buffer(x)))
  }

  /** Å */
  get cutoff(): number {
    return this.#function.cutoff
  }

  /**
   * Structures with their neighbours and reference values as tensors.
   *
   * @throws {InputError} (as a rejection) if the model does not know an element or the head.
   */
  async batch(structures: readonly Structure[], options: MaceBatchOptions = {}): Promise<MaceBatch> {
    return maceBatch(this.#function, structures, this.dtype, options)
  }

  /** The definition with the numbers that the module has now, to be saved or evaluated. */
  async toDefinition(): Promise<MaceDefinition> {
    const tensors = new Map(this.definition.tensors)
    for (const [name, x] of this.#tensors) {
      const data = await x.data()
      if (!(data instanceof Float64Array || data instanceof Float32Array)) continue
      tensors.set(name, { dtype: data instanceof Float64Array ? 'float64' : 'float32', shape: x.shape, data })
    }
    return { ...this.definition, tensors }
  }

  forward(batch: MaceBatch, { forces = true, stress = false, createGraph = this.training }: MaceCall = {}): MaceOutputs {
    if (!forces && !stress) return { energy: this.#energy(batch, batch.positions, batch.shifts) }
    const positions = batch.positions.detach().requiresGrad_()
    const strain = stress ? zeros([batch.volumes.size, 3, 3], { dtype: 'float64', device: positions.device, requiresGrad: true }) : undefined
    const strained = strain ? strainedGeometry(batch, positions, strain) : { positions, shifts: batch.shifts }
    const energy = this.#energy(batch, strained.positions, strained.shifts)
    const inputs = [positions, ...(strain ? [strain] : [])]
    const [byPosition, byStrain] = grad(energy.sum(), inputs, { createGraph, allowUnused: true })
    return {
      energy,
      ...(byPosition && forces ? { forces: byPosition.neg() } : {}),
      ...(byStrain ? { virials: byStrain.neg(), stress: byStrain.div(batch.volumes.reshape([-1, 1, 1])) } : {}),
    }
  }

  #energy(batch: MaceBatch, positions: Tensor, shifts: Tensor): Tensor {
    const arrays = (tree: Readonly<Record<string, Tensor>>) => Object.fromEntries(Object.entries(tree).map(([name, x]) => [name, x.array]))
    const inputs: MaceInputs = {
      positions: positions.array,
      shifts: shifts.array,
      senders: batch.senders.array,
      receivers: batch.receivers.array,
      pairs: arrays(batch.pairs),
      species: batch.species.array,
      atomicNumbers: batch.atomicNumbers.array,
      headMask: batch.headMask.array,
      batch: batch.batch.array,
      reference: batch.reference.array,
      features: arrays(batch.features),
    }
    return fromArray(scope(() => this.#function.energies(arrays(Object.fromEntries(this.#tensors)), inputs)))
  }
}

/** `r ← r + r S`, `shift ← shift + shift S` with the symmetric part S of the strain of every structure. */
function strainedGeometry({ batch, senders, shifts }: MaceBatch, positions: Tensor, strain: Tensor): { readonly positions: Tensor; readonly shifts: Tensor } {
  const symmetric = strain.add(strain.transpose(1, 2)).mul(0.5)
  const moved = (x: Tensor, graph: Tensor) =>
    fromArray(scope(() => add(x.array, einsum('na,nab->nb', x.array, take(symmetric.array, graph.array)))))
  return { positions: moved(positions, batch), shifts: moved(shifts, batch.indexSelect(0, senders)) }
}
