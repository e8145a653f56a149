import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import { compute } from '../functions/combine.ts'
import { Module } from '../module/module.ts'
import type { Parameter } from '../module/parameter.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { activationOf, type ActivationLike } from './activations.ts'
import { drawnParameter, requireLast, type LayerOptions } from './linear.ts'

export interface MlpOptions extends LayerOptions {
  /** Default `'silu'`. */
  readonly activation?: ActivationLike
  /** Activate the output too. Default false. */
  readonly outputActivation?: boolean
}

/**
 * e3nn's `FullyConnectedNet`: `x ← f(x W / √fan_in)`, the last layer without f, f of second moment 1, no biases. State: `layer0.weight`
 * [in, out], …, normal at first.
 *
 * @throws {InputError} unless there are two sizes or more, positive integers.
 */
export class MLP extends Module {
  readonly sizes: readonly number[]
  readonly #weights: readonly Parameter[]
  readonly #f: engine.Activation
  readonly #activatesOutput: boolean

  constructor(sizes: readonly number[], { activation = 'silu', outputActivation = false, ...options }: MlpOptions = {}) {
    super()
    if (sizes.length < 2 || !sizes.every((size) => Number.isSafeInteger(size) && size >= 1))
      throw new InputError(`MLP: sizes [${sizes.join(', ')}] must be two or more positive integers, inputs first`)
    this.sizes = Object.freeze([...sizes])
    this.#f = activationOf(activation, true)
    this.#activatesOutput = outputActivation
    this.#weights = sizes.slice(1).map((size, k) =>
      this.register(`layer${k}.weight`, drawnParameter(options, (random) => engine.randomNormal([sizes[k] ?? 1, size], random))),
    )
  }

  /** @throws {ShapeError} if the last axis is not the first size. @throws {DtypeError} if x has another dtype than the weights. */
  forward(x: Tensor): Tensor {
    const [first] = this.#weights
    if (first) requireLast('MLP', x, this.sizes[0] ?? 0, first)
    return compute(() => {
      let result = engine.reshape(x.array, [-1, this.sizes[0] ?? 0])
      for (const [k, weight] of this.#weights.entries()) {
        const y = engine.matmul(result, engine.mul(weight.array, 1 / Math.sqrt(this.sizes[k] ?? 1)))
        result = k + 1 < this.#weights.length || this.#activatesOutput ? this.#f(y) : y
      }
      return engine.reshape(result, [...x.shape.slice(0, -1), this.sizes.at(-1) ?? 0])
    })
  }

  protected override describe(): string {
    return this.sizes.join(' → ')
  }
}
