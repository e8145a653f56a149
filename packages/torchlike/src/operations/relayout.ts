import { descriptors, type Irreps, type Layout, type SegmentedPolynomial } from '@equivar/core'
import { segmentedPolynomial, type NDArray } from '@equivar/engine'

const made = new WeakMap<Irreps, Map<string, SegmentedPolynomial>>()

/** Rows of irreps in another layout: `y[iu] = x[ui]` in every segment. */
export function relayout(x: NDArray, irreps: Irreps, source: Layout, target: Layout): NDArray {
  if (source === target || irreps.isLayoutInsensitive()) return x
  const [y] = segmentedPolynomial(transposition(irreps, source, target), [x], { batchSize: x.shape[0] ?? 0 })
  return y ?? x
}

/** Made once for irreps, so that what is prepared for it (by identity) is found again. */
function transposition(irreps: Irreps, source: Layout, target: Layout): SegmentedPolynomial {
  let own = made.get(irreps)
  if (!own) made.set(irreps, (own = new Map<string, SegmentedPolynomial>()))
  const key = `${source.name} ${target.name}`
  let found = own.get(key)
  if (!found) own.set(key, (found = descriptors.transpose(irreps, source, target).polynomial))
  return found
}
