import { descriptors, O3E3nn, range, type SegmentedPolynomial } from '@equivar/core'
import { div, segmentedPolynomial, type NDArray } from '@equivar/engine'
import { column } from './radial.ts'
import { single } from './single.ts'

/**
 * `Y_l(v / |v|)` for l = 0 … maxEll with |Y_l|² = 2l + 1, one row an edge, l after l; polar axis y.
 *
 * The parity of the harmonics decides couplings only, never values, so natural parity serves SO(3) models too.
 */
export class Harmonics {
  readonly #polynomial: SegmentedPolynomial

  constructor(maxEll: number) {
    this.#polynomial = descriptors.sphericalHarmonics(new O3E3nn(1, -1), range(maxEll + 1)).polynomial
  }

  /** vectors [E, 3], lengths [E] → [E, (maxEll + 1)²] */
  apply(vectors: NDArray, lengths: NDArray): NDArray {
    return single(segmentedPolynomial(this.#polynomial, [div(vectors, column(lengths))], { batchSize: lengths.size }))
  }
}
