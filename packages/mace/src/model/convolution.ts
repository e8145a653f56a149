import type { SegmentedPolynomial } from '@equivar/core'
import * as descriptors from '@equivar/core/descriptors'
import { segmentedPolynomial, type Gathered, type NDArray } from '@equivar/engine'
import type { Edges } from './edges.ts'
import { maceIrreps } from './irreps.ts'
import { single } from './single.ts'

/**
 * `m_i[ku] = Σ_{edges into i} Σ_paths C[ijk] w_e[u] h_sender[iu] Y_e[j]`: the channel-wise tensor product of sender
 * features and spherical harmonics with per-edge weights, summed over receivers in one pass.
 *
 * Every (input, harmonic, output) triple keeps a block of its own, sorted by irrep; weights are path-major.
 */
export class Convolution {
  readonly #polynomial: SegmentedPolynomial
  /** Weights an edge. */
  readonly numWeights: number
  /** Irreps of the messages, one block a path. */
  readonly irrepsOut: string

  constructor(features: string, harmonics: string, target: string) {
    const descriptor = descriptors.channelwiseTensorProduct(maceIrreps(features), maceIrreps(harmonics), maceIrreps(target))
    this.numWeights = descriptor.inputs[0].dim
    this.irrepsOut = descriptor.outputs[0].toString()
    this.#polynomial = descriptor.polynomial.flattenCoefficientModes().squeezeModes()
  }

  /** weights [E, numWeights], or the row of every edge among those of pairs; features [N, …] → [numRows, …] */
  apply(weights: NDArray | Gathered, features: NDArray, { senders, rows, numRows, harmonics }: Edges): NDArray {
    return single(
      segmentedPolynomial(this.#polynomial, [weights, { array: features, indices: senders }, harmonics], {
        outputs: [{ indices: rows, rows: numRows }],
      }),
    )
  }
}
