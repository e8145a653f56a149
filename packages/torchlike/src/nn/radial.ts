import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { FloatDType } from '@equivar/engine'
import { defaultDtype } from '../autograd/defaults.ts'
import { compute } from '../functions/combine.ts'
import { Module } from '../module/module.ts'
import { Buffer, Parameter } from '../module/parameter.ts'
import type { Tensor } from '../tensor/tensor.ts'

export interface RadialOptions {
  /** Default: the default dtype. */
  readonly dtype?: FloatDType
  /** Train frequencies or centres. Default false. */
  readonly trainable?: boolean
}

/** `y[…, n] = √(2/r_c) sin(w_n r) / r`, w_n = n π / r_c at first, n = 1 … count. State: `bessel_weights` [count]. */
export class BesselBasis extends Module {
  readonly cutoff: number
  readonly #frequencies: Parameter | Buffer

  /** @throws {InputError} unless the cutoff is positive. */
  constructor(count: number, cutoff: number, { dtype = defaultDtype(), trainable = false }: RadialOptions = {}) {
    super()
    const frequencies = engine.besselFrequencies(count, cutoff, dtype)
    this.cutoff = cutoff
    this.#frequencies = this.register('bessel_weights', trainable ? new Parameter(frequencies) : new Buffer(frequencies))
  }

  /** r[…] in Å, positive → […, count]. */
  forward(r: Tensor): Tensor {
    return compute(() => engine.besselBasis(r.array, this.#frequencies.array, Math.sqrt(2 / this.cutoff)))
  }

  protected override describe(): string {
    return `${this.#frequencies.size} functions, cutoff ${this.cutoff}`
  }
}

/** `y[…, n] = exp(−½ ((r − μ_n) / Δ)²)`, count centres μ from 0 to r_c at distances Δ. State: `gaussian_weights` [count]. */
export class GaussianBasis extends Module {
  readonly cutoff: number
  readonly #centres: Parameter | Buffer

  /** @throws {InputError} unless the cutoff is positive and there are two centres or more. */
  constructor(count: number, cutoff: number, { dtype = defaultDtype(), trainable = false }: RadialOptions = {}) {
    super()
    if (!(Number.isSafeInteger(count) && count >= 2 && cutoff > 0)) throw new InputError(`GaussianBasis: ${count} centres up to ${cutoff}; there must be two or more, up to a positive cutoff`)
    const centres = engine.array(Float64Array.from({ length: count }, (_, n) => (n * cutoff) / (count - 1)), { dtype })
    this.cutoff = cutoff
    this.#centres = this.register('gaussian_weights', trainable ? new Parameter(centres) : new Buffer(centres))
  }

  /** r[…] in Å → […, count]. */
  forward(r: Tensor): Tensor {
    return compute(() => engine.gaussianBasis(r.array, this.#centres.array, -0.5 / (this.cutoff / (this.#centres.size - 1)) ** 2))
  }
}

/** `y[…, n − 1] = T_n(x)`, n = 1 … count: Chebyshev polynomials. */
export class ChebyshevBasis extends Module {
  readonly count: number

  constructor(count: number) {
    super()
    this.count = count
  }

  /** @throws {InputError} unless the count is a positive integer. */
  forward(x: Tensor): Tensor {
    return compute(() => engine.chebyshevBasis(x.array, this.count))
  }
}

/** A cutoff with two continuous derivatives, 1 at r = 0 and 0 from r_c on; see the engine's `polynomialCutoff`. */
export class PolynomialCutoff extends Module {
  readonly cutoff: number
  readonly order: number

  constructor(cutoff: number, order = 6) {
    super()
    this.cutoff = cutoff
    this.order = order
  }

  /** r[…] in Å → […]. @throws {InputError} unless cutoff and order are positive. */
  forward(r: Tensor): Tensor {
    return compute(() => engine.polynomialCutoff(r.array, this.cutoff, this.order))
  }

  protected override describe(): string {
    return `cutoff ${this.cutoff}, order ${this.order}`
  }
}
