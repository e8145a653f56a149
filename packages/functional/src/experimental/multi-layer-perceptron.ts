import { InputError, ShapeError } from '@equivar/core'
import type { DType } from '@equivar/engine'
import { requireArray } from '../array/arguments.ts'
import type { DeviceArray } from '../array/device-array.ts'
import { normalizeFunction, type Activation } from '../nn/index.ts'
import * as np from '../numpy/index.ts'
import { normal, split, type Key } from '../random/index.ts'

/** Parameters of one layer: w of shape (inputs, outputs), b of shape (outputs,). */
export interface DenseParams {
  readonly w: DeviceArray
  readonly b?: DeviceArray
}

export interface MultiLayerPerceptronOptions {
  /** What follows the last layer: the activation, another one, or nothing (the default). */
  readonly outputActivation?: boolean | Activation
  /** Default false. */
  readonly withBias?: boolean
}

/**
 * `x ← f(√(1/n) (x w + b))`, layer by layer, n the number of inputs of the layer; f is normalised to second moment 1, and left out
 * behind the last layer unless asked for.
 *
 * @example
 * const mlp = new MultiLayerPerceptron([64, 64, 512], nn.silu)
 * const params = mlp.init(random.key(0), x)
 * const y = mlp.apply(params, x)
 */
export class MultiLayerPerceptron {
  readonly sizes: readonly number[]
  readonly #activations: readonly (Activation | undefined)[]
  readonly #withBias: boolean

  /** @throws {InputError} unless the sizes are positive integers, at least one. */
  constructor(sizes: readonly number[], activation?: Activation, { outputActivation = false, withBias = false }: MultiLayerPerceptronOptions = {}) {
    if (sizes.length === 0 || !sizes.every((size) => Number.isSafeInteger(size) && size > 0))
      throw new InputError(`MultiLayerPerceptron: sizes [${sizes.join(', ')}] must be positive integers, one a layer`)
    const inner = activation && normalizeFunction(activation)
    const last = outputActivation === true ? inner : outputActivation === false ? undefined : normalizeFunction(outputActivation)
    this.sizes = Object.freeze([...sizes])
    this.#activations = sizes.map((_, k) => (k === sizes.length - 1 ? last : inner))
    this.#withBias = withBias
  }

  /** Normal weights and zero biases for inputs such as x. */
  init(key: Key, x: DeviceArray): DenseParams[] {
    const { shape, dtype } = requireArray('MultiLayerPerceptron.init', x)
    const keys = split(key, this.sizes.length)
    return this.sizes.map((size, k): DenseParams => {
      const w = normal(keys[k] ?? key, [this.sizes[k - 1] ?? shape.at(-1) ?? 0, size], dtype)
      return this.#withBias ? { w, b: np.zeros([size], { dtype }) } : { w }
    })
  }

  /** @throws {ShapeError} if parameters do not fit. */
  apply(params: readonly DenseParams[], x: DeviceArray): DeviceArray {
    const { dtype } = requireArray('MultiLayerPerceptron', x)
    if (params.length !== this.sizes.length) throw new ShapeError(`MultiLayerPerceptron: ${params.length} layers of parameters for ${this.sizes.length} layers; pass what init gives`)
    const leading = x.shape.slice(0, -1)
    const rows = x.reshape([leading.reduce((a, b) => a * b, 1), x.shape.at(-1) ?? 0])
    return params.reduce((y, own, k) => this.#layer(k, own, y, dtype), rows).reshape([...leading, this.sizes.at(-1) ?? 0])
  }

  #layer(k: number, { w, b }: DenseParams, x: DeviceArray, dtype: DType): DeviceArray {
    const [inputs, outputs] = [x.shape[1] ?? 0, this.sizes[k] ?? 0]
    if (w.shape[0] !== inputs || w.shape[1] !== outputs || w.dtype !== dtype)
      throw new ShapeError(`MultiLayerPerceptron: w of layer ${k} is ${w.toString()}, its input ${x.toString()} asks for ${dtype}[${inputs}, ${outputs}]`)
    if ((b !== undefined) !== this.#withBias) throw new ShapeError(`MultiLayerPerceptron: layer ${k} has ${b ? 'a' : 'no'} bias, made with withBias: ${this.#withBias}`)
    const y = np.matmul(x, w)
    const scaled = (b ? y.add(b) : y).mul(1 / Math.sqrt(inputs))
    return this.#activations[k]?.(scaled) ?? scaled
  }
}
