import { DimensionError, IrrepsError, type Irreps, type IrrepsLike, type Layout, type LayoutLike } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { Activation as ArrayActivation, Device, FloatDType, NDArray } from '@equivar/engine'
import { defaultDtype } from '../autograd/defaults.ts'
import { compute } from '../functions/combine.ts'
import { Module } from '../module/module.ts'
import { Parameter } from '../module/parameter.ts'
import { irrepsOf, layoutOf } from '../operations/options.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { requireLast } from './linear.ts'

/** Element-wise functions by name. */
const functions = {
  silu: engine.silu,
  tanh: engine.tanh,
  sigmoid: engine.sigmoid,
  relu: engine.relu,
  abs: engine.abs,
  gelu: engine.exactGelu,
  gelu_tanh: engine.gelu,
  softplus: engine.softplus,
  identity: engine.identity,
} as const

export type ActivationName = keyof typeof functions

/** By name, or as a function of the engine's arrays. */
export type ActivationLike = ActivationName | ArrayActivation

export interface ActivationOptions {
  /** e3nn's `normalize2mom`: scaled to second moment 1 for normal inputs. Default false. */
  readonly normalized?: boolean
}

/** `y = f(x)`, or `c f(x)` of second moment 1 for normal x. `gelu` is torch's, by the error function, `gelu_tanh` its tanh form. */
export class Activation extends Module {
  readonly name: string
  readonly #f: ArrayActivation

  constructor(f: ActivationLike, { normalized = false }: ActivationOptions = {}) {
    super()
    this.name = `${typeof f === 'string' ? f : f.name || 'function'}${normalized ? ', normalised' : ''}`
    this.#f = activationOf(f, normalized)
  }

  forward(x: Tensor): Tensor {
    return compute(() => this.#f(x.array))
  }

  protected override describe(): string {
    return this.name
  }
}

/** The function of a name, normalised if asked for. */
export function activationOf(f: ActivationLike, normalized: boolean): ArrayActivation {
  const own = typeof f === 'string' ? functions[f] : f
  return normalized && f !== 'identity' ? engine.normalize2mom(own) : own
}

export interface GateOptions {
  /** Scalars that are activated and kept. */
  readonly scalars: IrrepsLike
  /** What is gated, each of its channels by a scalar. */
  readonly gated: IrrepsLike
  readonly layout?: LayoutLike
  /** Default `'silu'`. */
  readonly activation?: ActivationLike
  /** Default `'sigmoid'`. */
  readonly gateActivation?: ActivationLike
  /** As in e3nn. Default true. */
  readonly normalized?: boolean
}

/**
 * `[s | g | v] → [f(s) | h(g) v]`: scalars, one gate for every gated channel, then the gated irreps.
 *
 * Source: Weiler et al., arXiv:1807.02547, section 4.3.
 *
 * @throws {IrrepsError} unless the scalars are even and invariant.
 */
export class Gate extends Module {
  readonly irrepsIn: Irreps
  readonly irrepsOut: Irreps
  readonly layout: Layout
  readonly #options: engine.GateOptions

  constructor({ scalars, gated, layout, activation = 'silu', gateActivation = 'sigmoid', normalized = true }: GateOptions) {
    super()
    const [kept, own] = [irrepsOf(scalars), irrepsOf(gated)]
    if (!kept.isScalar()) throw new IrrepsError(`Gate: '${kept.toString()}' are not scalars; put them into gated`)
    this.layout = layoutOf(undefined, layout)
    this.irrepsIn = kept.add(own.newScalars(own.numIrreps)).add(own)
    this.irrepsOut = kept.add(own)
    this.#options = {
      scalars: kept.dim,
      gated: own,
      layout: this.layout,
      scalarActivation: activationOf(activation, normalized),
      gateActivation: activationOf(gateActivation, normalized),
    }
  }

  /** @throws {DimensionError} unless x holds rows of `irrepsIn`. */
  forward(x: Tensor): Tensor {
    return compute(() => engine.gate(x.array, this.#options))
  }

  protected override describe(): string {
    return `${this.irrepsIn.toString()} → ${this.irrepsOut.toString()}`
  }
}

export interface NormActivationOptions {
  readonly irreps: IrrepsLike
  readonly layout?: LayoutLike
  readonly activation: ActivationLike
  /** Divide by the norm, so that the result has the activated norm. Default true. */
  readonly normalize?: boolean
  /** Added under the root of the norm. Default 1e-8. */
  readonly epsilon?: number
  /** Add a trained number to every norm before it is activated. Default false. */
  readonly bias?: boolean
  /** Of biases. Default: the default dtype. */
  readonly dtype?: FloatDType
  readonly device?: Device
}

/** `y = f(|x| + b) x / |x|` for every copy of an irrep, or `f(|x| + b) x` without normalisation: e3nn's `NormActivation`. State: `biases` (0), if asked for. */
export class NormActivation extends Module {
  readonly irreps: Irreps
  readonly layout: Layout
  readonly biases: Parameter | undefined
  readonly #f: ArrayActivation
  readonly #normalize: boolean
  readonly #epsilon: number

  constructor({ irreps, layout, activation, normalize = true, epsilon = 1e-8, bias = false, dtype = defaultDtype(), device }: NormActivationOptions) {
    super()
    this.irreps = irrepsOf(irreps)
    this.biases = bias ? new Parameter(engine.zeros([this.irreps.numIrreps], device === undefined ? { dtype } : { dtype, device })) : undefined
    this.layout = layoutOf(undefined, layout)
    this.#f = activationOf(activation, false)
    this.#normalize = normalize
    this.#epsilon = epsilon
  }

  /** @throws {DimensionError} unless x holds rows of the irreps. */
  forward(x: Tensor): Tensor {
    if (x.ndim !== 2 || x.shape[1] !== this.irreps.dim)
      throw new DimensionError(`NormActivation: x has shape [${x.shape.join(', ')}]; it must be rows × ${this.irreps.dim}, for '${this.irreps.toString()}'`)
    if (this.biases) requireLast('NormActivation', x, this.irreps.dim, this.biases)
    const starts = [...this.irreps].reduce<number[]>((sums, { mul }) => [...sums, (sums.at(-1) ?? 0) + mul], [0])
    return compute(() => perSegment(x.array, this.irreps, this.layout, (block, axis, segment) => this.#scaled(block, axis, starts[segment] ?? 0)))
  }

  protected override describe(): string {
    return this.irreps.toString()
  }

  /** @param start the first of the block's copies among all. */
  #scaled(block: NDArray, axis: number, start: number): NDArray {
    const length = engine.sqrt(engine.add(engine.sum(engine.square(block), { axes: axis, keepDims: true }), this.#epsilon ** 2))
    const shape = length.shape.slice(1)
    const mul = shape.reduce((product, extent) => product * extent, 1)
    const shift = this.biases && engine.reshape(engine.sliceAxis(this.biases.array, 0, start, start + mul), [1, ...shape])
    const activated = this.#f(shift ? engine.add(length, shift) : length)
    return engine.mul(block, this.#normalize ? engine.div(activated, length) : activated)
  }
}

/** Rows of irreps, block by block: `f` is given [rows, …block] and the axis of the components. */
function perSegment(x: NDArray, irreps: Irreps, layout: Layout, f: (block: NDArray, axis: number, segment: number) => NDArray): NDArray {
  const segments = [...irreps]
  const [rows = 0] = x.shape
  const parts = engine.split(x, segments.map(({ dim }) => dim), 1)
  const axis = layout.name === 'mul_ir' ? 2 : 1
  return engine.concatenate(
    parts.map((part, i) => {
      const segment = segments[i]
      return segment ? engine.reshape(f(engine.reshape(part, [rows, ...layout.shape(segment)]), axis, i), [rows, segment.dim]) : part
    }),
    1,
  )
}
