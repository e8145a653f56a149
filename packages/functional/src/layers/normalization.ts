import { InputError, range } from '@equivar/core'
import { layerNorm, normalizeSegments, type NormalizeOptions } from '../equivariant/activation.ts'
import { normalize, sphericalHarmonics } from '../equivariant/functions.ts'
import type { IrrepsArray } from '../reps/irreps-array.ts'

/** Spherical harmonics of degrees 0 … maxDegree at v / √(|v|² + ε²). A zero vector has zeros for l ≥ 1. */
export class SphericalHarmonics {
  readonly maxDegree: number
  readonly epsilon: number

  /** @throws {InputError} unless the degree is a non-negative integer and ε is not negative. */
  constructor(maxDegree: number, epsilon = 0) {
    if (!(Number.isSafeInteger(maxDegree) && maxDegree >= 0 && epsilon >= 0))
      throw new InputError(`SphericalHarmonics: degree ${maxDegree} must be a non-negative integer, and ε ${epsilon} not negative`)
    this.maxDegree = maxDegree
    this.epsilon = epsilon
  }

  apply(vectors: IrrepsArray): IrrepsArray {
    return sphericalHarmonics(range(this.maxDegree + 1), normalize(vectors, this.epsilon), { normalize: false })
  }
}

/** See {@link normalizeSegments}. */
export class IrrepsNormalize {
  readonly options: NormalizeOptions

  constructor(options: NormalizeOptions = {}) {
    this.options = options
  }

  apply(x: IrrepsArray): IrrepsArray {
    return normalizeSegments(x, this.options)
  }
}

/** See {@link layerNorm}. */
export class LayerNorm {
  readonly epsilon: number

  constructor(epsilon = 0.01) {
    this.epsilon = epsilon
  }

  apply(x: IrrepsArray): IrrepsArray {
    return layerNorm(x, this.epsilon)
  }
}
