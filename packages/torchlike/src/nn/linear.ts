import { DtypeError, InputError, ShapeError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { Device, FloatDType } from '@equivar/engine'
import { defaultDtype } from '../autograd/defaults.ts'
import { compute } from '../functions/combine.ts'
import { defaultGenerator, type Generator } from '../functions/random.ts'
import { Module } from '../module/module.ts'
import { Parameter } from '../module/parameter.ts'
import type { Tensor } from '../tensor/tensor.ts'

export interface LayerOptions {
  /** Default: the default dtype. */
  readonly dtype?: FloatDType
  readonly device?: Device
  /** Of initial parameters. Default: that of `manualSeed`. */
  readonly generator?: Generator
}

/** Parameters with elements that `make` draws with a key. */
export function drawnParameter(options: LayerOptions, make: (random: engine.RandomOptions) => engine.NDArray): Parameter {
  const { dtype = defaultDtype(), device, generator = defaultGenerator() } = options
  const seed = generator.next(device)
  const parameter = new Parameter(make({ seed, dtype }))
  seed.dispose()
  return parameter
}

export interface DenseOptions extends LayerOptions {
  /** Default true. */
  readonly bias?: boolean
}

/**
 * `y = x Wᵀ + b` over the last axis, as torch's `Linear`. State: `weight` [outFeatures, inFeatures], `bias` [outFeatures], both at first
 * uniform in ±1/√inFeatures.
 *
 * @throws {InputError} unless the numbers of features are positive integers.
 */
export class Linear extends Module {
  readonly inFeatures: number
  readonly outFeatures: number
  readonly weight: Parameter
  readonly bias: Parameter | undefined

  constructor(inFeatures: number, outFeatures: number, options: DenseOptions = {}) {
    super()
    for (const [name, value] of Object.entries({ inFeatures, outFeatures }))
      if (!(Number.isSafeInteger(value) && value >= 1)) throw new InputError(`nn.Linear: ${name} is ${value}; it must be a positive integer`)
    this.inFeatures = inFeatures
    this.outFeatures = outFeatures
    const bound = 1 / Math.sqrt(inFeatures)
    const uniform = (shape: readonly number[]) => drawnParameter(options, (random) => engine.randomUniform(shape, { ...random, low: -bound, high: bound }))
    this.weight = uniform([outFeatures, inFeatures])
    this.bias = (options.bias ?? true) ? uniform([outFeatures]) : undefined
  }

  /** @throws {ShapeError} if the last axis is not `inFeatures`. @throws {DtypeError} if x has another dtype than the weights. */
  forward(x: Tensor): Tensor {
    requireLast('nn.Linear', x, this.inFeatures, this.weight)
    return compute(() => {
      const rows = engine.reshape(x.array, [x.size / this.inFeatures, this.inFeatures])
      const product = engine.matmul(rows, this.weight.array, { transposeB: true })
      const y = this.bias ? engine.add(product, this.bias.array) : product
      return engine.reshape(y, [...x.shape.slice(0, -1), this.outFeatures])
    })
  }

  protected override describe(): string {
    return `${this.inFeatures} → ${this.outFeatures}${this.bias ? '' : ', without bias'}`
  }
}

/** `y = (x − mean) / √(variance + ε) · weight + bias` over the last axis. State: `weight` (1 at first), `bias` (0). */
export class LayerNorm extends Module {
  readonly features: number
  readonly eps: number
  readonly weight: Parameter
  readonly bias: Parameter

  constructor(features: number, { eps = 1e-5, dtype = defaultDtype(), device }: LayerOptions & { readonly eps?: number } = {}) {
    super()
    this.features = features
    this.eps = eps
    const place = device === undefined ? { dtype } : { dtype, device }
    this.weight = new Parameter(engine.ones([features], place))
    this.bias = new Parameter(engine.zeros([features], place))
  }

  /** @throws {ShapeError} if the last axis is not `features`. @throws {DtypeError} if x has another dtype than the weights. */
  forward(x: Tensor): Tensor {
    requireLast('nn.LayerNorm', x, this.features, this.weight)
    return compute(() => engine.layerNorm(x.array, this.weight.array, this.bias.array, this.eps))
  }

  protected override describe(): string {
    return `${this.features}, ε = ${this.eps}`
  }
}

/** `y[…, :] = weight[indices[…], :]`. State: `weight` [numEmbeddings, features], normal at first. */
export class Embedding extends Module {
  readonly weight: Parameter

  constructor(numEmbeddings: number, features: number, options: LayerOptions = {}) {
    super()
    this.weight = drawnParameter(options, (random) => engine.randomNormal([numEmbeddings, features], random))
  }

  /** @throws {DtypeError} unless indices are int32. @throws {InputError} for an index out of range. */
  forward(indices: Tensor): Tensor {
    if (indices.dtype !== 'int32') throw new DtypeError(`nn.Embedding: indices are ${indices.dtype}; use .to('int32')`)
    return compute(() => engine.take(this.weight.array, indices.array))
  }

  protected override describe(): string {
    return this.weight.shape.join(' × ')
  }
}

/** @throws {ShapeError} {DtypeError} unless the last axis has the extent, and x the dtype of the weights. */
export function requireLast(what: string, x: Tensor, extent: number, weight: Tensor): void {
  if (x.shape.at(-1) !== extent) throw new ShapeError(`${what}: the last axis of [${x.shape.join(', ')}] must have extent ${extent}`)
  if (x.dtype !== weight.dtype) throw new DtypeError(`${what}: the input is ${x.dtype}, the weights ${weight.dtype}; use .to('${weight.dtype}')`)
}
