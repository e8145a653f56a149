import { DimensionError, InputError, ShapeError, type Irreps, type IrrepsLike, type Layout, type LayoutLike } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { Device, FloatDType, NDArray } from '@equivar/engine'
import { defaultDtype } from '../autograd/defaults.ts'
import { compute } from '../functions/combine.ts'
import { Module } from '../module/module.ts'
import { Buffer, Parameter } from '../module/parameter.ts'
import { irrepsOf, layoutOf } from '../operations/options.ts'
import type { Tensor } from '../tensor/tensor.ts'

export interface BatchNormOptions {
  readonly irreps: IrrepsLike
  readonly layout?: LayoutLike
  /** ε, default 1e-5. */
  readonly eps?: number
  /** Part of a batch in the running averages, default 0.1. */
  readonly momentum?: number
  /** With weights. Default true. */
  readonly affine?: boolean
  /** Over positions of one sample, if there are. Default `'mean'`. */
  readonly reduce?: 'mean' | 'max'
  /** Every sample for itself, without running averages. Default false. */
  readonly instance?: boolean
  /** With biases of invariant scalars, if affine. Default true. */
  readonly includeBias?: boolean
  readonly dtype?: FloatDType
  readonly device?: Device
}

/**
 * `y = x · w / √(mean of squared components + ε)` for every copy of an irrep, invariant scalars centred before and shifted after; in evaluation
 * with running averages. x is [batch, …, irreps.dim]. State: `weight` (1 at first), `bias` (0), `running_mean` (0), `running_var` (1), as in e3nn
 * and cuequivariance.
 *
 * @throws {InputError} for options out of range.
 */
export class BatchNorm extends Module {
  readonly irreps: Irreps
  readonly layout: Layout
  readonly weight: Parameter | undefined
  readonly bias: Parameter | undefined
  readonly #options: Required<Pick<BatchNormOptions, 'eps' | 'momentum' | 'reduce' | 'instance'>>
  readonly #mean: Buffer | undefined
  readonly #variance: Buffer | undefined

  constructor(options: BatchNormOptions) {
    super()
    const { eps = 1e-5, momentum = 0.1, affine = true, reduce = 'mean', instance = false, includeBias = true, dtype = defaultDtype(), device } = options
    if (!(momentum >= 0 && momentum <= 1)) throw new InputError(`BatchNorm: momentum is ${momentum}; it must be in [0, 1]`)
    this.irreps = irrepsOf(options.irreps)
    this.layout = layoutOf(undefined, options.layout)
    this.#options = { eps, momentum, reduce, instance }
    const numScalars = this.irreps.segments.reduce((sum, { mul, ir }) => (ir.isScalar() ? sum + mul : sum), 0)
    const place = device === undefined ? { dtype } : { dtype, device }
    this.weight = affine ? new Parameter(engine.ones([this.irreps.numIrreps], place)) : undefined
    this.bias = affine && includeBias ? new Parameter(engine.zeros([numScalars], place)) : undefined
    this.#mean = instance ? undefined : this.register('running_mean', new Buffer(engine.zeros([numScalars], place)))
    this.#variance = instance ? undefined : this.register('running_var', new Buffer(engine.ones([this.irreps.numIrreps], place)))
  }

  /** @throws {ShapeError} {DimensionError} unless x is [batch, …, irreps.dim]. */
  forward(x: Tensor): Tensor {
    if (x.ndim < 2) throw new ShapeError(`BatchNorm: x has shape [${x.shape.join(', ')}]; it must be [batch, …, ${this.irreps.dim}]`)
    if (x.shape.at(-1) !== this.irreps.dim) throw new DimensionError(`BatchNorm: rows of ${x.shape.at(-1) ?? 0} for '${this.irreps.toString()}' of dimension ${this.irreps.dim}`)
    const usesBatch = this.training || this.#options.instance
    const means: NDArray[] = []
    const variances: NDArray[] = []
    return compute(() => {
      const y = this.#normalized(x.array, usesBatch, means, variances)
      if (this.training) this.#remember(means, variances)
      return y
    })
  }

  protected override describe(): string {
    return `${this.irreps.toString()} ${this.layout.toString()}`
  }

  #normalized(x: NDArray, usesBatch: boolean, means: NDArray[], variances: NDArray[]): NDArray {
    const { eps, instance, reduce } = this.#options
    const batch = x.shape[0] ?? 0
    const samples = engine.reshape(x, [batch, -1, this.irreps.dim])
    let [channel, scalar] = [0, 0]
    const parts = engine.split(samples, [...this.irreps].map(({ dim }) => dim), 2).map((part, i) => {
      const { mul, ir } = this.irreps.at(i)
      // [batch, samples, mul, components]
      const block = engine.reshape(part, [batch, part.shape[1] ?? 0, ...this.layout.shape({ mul, ir })])
      let field = this.layout.name === 'mul_ir' ? block : engine.transpose(block)
      const columns = (values: NDArray, start: number) => engine.reshape(engine.sliceAxis(values, 0, start, start + mul), [1, 1, mul, 1])
      if (ir.isScalar()) {
        const mean = usesBatch ? engine.mean(field, { axes: instance ? [1] : [0, 1], keepDims: true }) : this.#mean && columns(this.#mean.array, scalar)
        if (usesBatch && mean && !instance) means.push(engine.reshape(mean, [mul]))
        if (mean) field = engine.sub(field, mean)
      }
      const squares = engine.mean(engine.square(field), { axes: 3, keepDims: true })
      const perSample = reduce === 'mean' ? engine.mean(squares, { axes: 1, keepDims: true }) : engine.max(squares, { axes: 1, keepDims: true })
      const measured = instance ? perSample : engine.mean(perSample, { axes: 0, keepDims: true })
      if (usesBatch && !instance) variances.push(engine.reshape(measured, [mul]))
      const variance = usesBatch || !this.#variance ? measured : columns(this.#variance.array, channel)
      const factor = engine.pow(engine.add(variance, eps), -0.5)
      field = engine.mul(field, this.weight ? engine.mul(factor, columns(this.weight.array, channel)) : factor)
      if (ir.isScalar() && this.bias) field = engine.add(field, columns(this.bias.array, scalar))
      channel += mul
      if (ir.isScalar()) scalar += mul
      return engine.reshape(this.layout.name === 'mul_ir' ? field : engine.transpose(field), part.shape)
    })
    return engine.reshape(engine.concatenate(parts, 2), x.shape)
  }

  #remember(means: readonly NDArray[], variances: readonly NDArray[]): void {
    const { momentum } = this.#options
    engine.noGrad(() => {
      for (const [buffer, found] of [[this.#mean, means], [this.#variance, variances]] as const) {
        if (!buffer || found.length === 0) continue
        const now = engine.stopGradient(engine.concatenate(found, 0))
        buffer.replace(engine.add(engine.mul(buffer.array, 1 - momentum), engine.mul(now, momentum)))
      }
    })
  }
}
