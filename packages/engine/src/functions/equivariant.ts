import { DimensionError, InternalError, O3, ShapeError, type Irreps, type Layout, type SegmentedPolynomial } from '@equivar/core'
import * as descriptors from '@equivar/core/descriptors'
import type { NDArray } from '../array/ndarray.ts'
import { formatShape } from '../array/shape.ts'
import { silu } from './activations.ts'
import { norm, split } from './composed.ts'
import { div, equal, mul, sigmoid, where } from './elementwise.ts'
import { segmentedPolynomial } from './segmented-polynomial.ts'
import { concatenate, reshape } from './structure.ts'

export interface SphericalHarmonicsOptions {
  /** Evaluate at v / |v|. Default true. */
  readonly normalize?: boolean
}

const harmonics = new Map<string, SegmentedPolynomial>()

/** Made once for each list of degrees, so that what is prepared for it (by identity) is found again. */
function harmonicsPolynomial(ls: readonly number[]): SegmentedPolynomial {
  const key = ls.join()
  const known = harmonics.get(key)
  if (known) return known
  const { polynomial } = descriptors.sphericalHarmonics(new O3(1, -1), ls)
  harmonics.set(key, polynomial)
  return polynomial
}

/**
 * `y[…, l, m] = Y_{l m}(v)` for each l in `ls`, side by side: real harmonics, component normalisation `Σ_m Y² = 2l + 1` on
 * the unit sphere, polar axis y, `Y_1 = √3 (x, y, z)`. A zero vector stays zero, so that its l ≥ 1 are 0.
 *
 * @throws {ShapeError} unless the last axis of `vectors` has extent 3. @throws {InputError} for a malformed `ls`.
 */
export function sphericalHarmonics(ls: readonly number[], vectors: NDArray, { normalize = true }: SphericalHarmonicsOptions = {}): NDArray {
  if (vectors.shape.at(-1) !== 3) throw new ShapeError(`sphericalHarmonics: the last axis must hold x, y, z, got shape ${formatShape(vectors.shape)}`)
  const polynomial = harmonicsPolynomial(ls)
  const lengths = norm(vectors, { axes: -1, keepDims: true })
  const points = normalize ? div(vectors, where(equal(lengths, 0), 1, lengths)) : vectors
  const rows = reshape(points, [vectors.size / 3, 3])
  const [y] = segmentedPolynomial(polynomial, [rows], { batchSize: rows.shape[0] ?? 0 })
  if (!y) throw new InternalError('spherical harmonics without an output')
  return reshape(y, [...vectors.shape.slice(0, -1), y.shape[1] ?? 0])
}

export interface GateOptions {
  /** Number of scalars that are activated and kept. */
  readonly scalars: number
  /** Irreps of what is gated; each of its channels uses one gate. */
  readonly gated: Irreps
  readonly layout: Layout
  /** Default {@link silu}. */
  readonly scalarActivation?: (x: NDArray) => NDArray
  /** Default {@link sigmoid}. */
  readonly gateActivation?: (x: NDArray) => NDArray
}

/**
 * `[s | g | v] → [f(s) | h(g)_u · v_{u m}]` over the last axis of rows: scalars, one gate for every gated channel, then the
 * gated irreps in their layout.
 *
 * Source: Weiler et al., arXiv:1807.02547, section 4.3.
 *
 * @throws {DimensionError} if the rows do not have `scalars + gated.numIrreps + gated.dim` elements.
 */
export function gate(x: NDArray, options: GateOptions): NDArray {
  const { scalars, gated, layout, scalarActivation = silu, gateActivation = sigmoid } = options
  const [rows = 0, width] = x.shape
  const blocks = [...gated]
  const expected = scalars + gated.numIrreps + gated.dim
  if (x.ndim !== 2 || width !== expected)
    throw new DimensionError(`gate: got shape ${formatShape(x.shape)}, but ${scalars} scalars, ${gated.numIrreps} gates and ${gated.toString()} make rows of ${expected}`)
  const gateWidths = blocks.map((block) => block.mul)
  const gatedWidths = blocks.map((block) => block.mul * block.ir.dim)
  const [kept = x, ...parts] = split(x, [scalars, ...gateWidths, ...gatedWidths], 1)
  const gatedParts = blocks.map((block, i) => {
    const factor = gateActivation(parts[i] ?? x)
    const values = reshape(parts[blocks.length + i] ?? x, [rows, ...layout.shape(block)])
    const channels = layout.name === 'mul_ir' ? [rows, block.mul, 1] : [rows, 1, block.mul]
    return reshape(mul(values, reshape(factor, channels)), [rows, block.mul * block.ir.dim])
  })
  return concatenate([scalarActivation(kept), ...gatedParts], 1)
}
