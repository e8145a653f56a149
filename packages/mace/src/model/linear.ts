import type { SegmentedPolynomial } from '@equivar/core'
import * as descriptors from '@equivar/core/descriptors'
import { concatenate, mul, permute, reshape, segmentedPolynomial, slice, zeros, type NDArray } from '@equivar/engine'
import { maceIrreps } from './irreps.ts'
import { single } from './single.ts'

/**
 * `y[iv] = Σ_u w[uv] x[iu] / √fan_in` for every pair of segments of one irrep: e3nn's `o3.Linear`, on rows in the
 * (irrep, mul) layout. Weights are flat, pair after pair, (mul_in, mul_out) row-major; `fan_in` counts all multiplicities
 * that reach an output segment. Outputs that no input reaches are zero.
 */
export class EquivariantLinear {
  readonly #polynomial: SegmentedPolynomial
  readonly inputSize: number
  readonly outputSize: number

  constructor(irrepsIn: string, irrepsOut: string) {
    const descriptor = descriptors.linear(maceIrreps(irrepsIn), maceIrreps(irrepsOut))
    this.#polynomial = descriptor.polynomial
    this.inputSize = descriptor.inputs[1]?.dim ?? 0
    this.outputSize = descriptor.outputs[0].dim
  }

  /** x [N, inputSize], weight [numel] → [N, outputSize]. */
  apply(x: NDArray, weight: NDArray): NDArray {
    return single(segmentedPolynomial(this.#polynomial, [reshape(weight, [1, weight.size]), x], { batchSize: x.shape[0] ?? 0 }))
  }

  /** The same with one weight row a species: x [N, inputSize], weights [S, numel], species [N] → [N, outputSize]. */
  applyIndexed(x: NDArray, weights: NDArray, species: NDArray): NDArray {
    return single(segmentedPolynomial(this.#polynomial, [{ array: weights, indices: species }, x]))
  }
}

/**
 * One weight matrix a species from the flat weights of e3nn's fully connected tensor product with one-hot species:
 * `w[s, (block, u, w)] = W_block[u, s, w] / √S`, so that the product becomes an {@link EquivariantLinear} per species.
 *
 * The product divides by √(fan_in · S); the linear layer divides by √fan_in.
 */
export function speciesWeights(flat: NDArray, irrepsIn: string, irrepsOut: string, numSpecies: number): NDArray {
  const blocks: NDArray[] = []
  let offset = 0
  for (const { mul: mulIn, ir: irIn } of maceIrreps(irrepsIn))
    for (const { mul: mulOut, ir: irOut } of maceIrreps(irrepsOut)) {
      if (!irIn.equals(irOut)) continue
      const length = mulIn * numSpecies * mulOut
      const block = reshape(slice(flat, [offset], [offset + length]), [mulIn, numSpecies, mulOut])
      blocks.push(reshape(permute(block, [1, 0, 2]), [numSpecies, mulIn * mulOut]))
      offset += length
    }
  if (blocks.length === 0) return zeros([numSpecies, 0], { dtype: flat.dtype })
  return mul(concatenate(blocks, 1), 1 / Math.sqrt(numSpecies))
}
