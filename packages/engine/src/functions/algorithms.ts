import { DtypeError, InputError, ShapeError } from '@equivar/core'
import { isFloat } from '../array/dtype.ts'
import { describe, type NDArray } from '../array/ndarray.ts'
import { elementCount, normalizeAxis } from '../array/shape.ts'
import { apply } from '../graph/apply.ts'
import { add, cast, div, floor, greaterEqual, lessEqual, logicalAnd, minimum, mul, sub, where } from './elementwise.ts'
import { iota, permute, reshape, slice, take } from './structure.ts'

/**
 * The positions of the elements of x in ascending order along an axis, int32 of the shape of x: x[…, argsort(x)[…, i]] does not decrease
 * with i. Equal elements stay in order, both zeros are equal, and NaN comes last.
 *
 * @throws {DtypeError} for booleans. @throws {ShapeError} if there is no such axis.
 */
export function argsort(x: NDArray, axis = -1): NDArray {
  const axes = axesToEnd('argsort', axis, x)
  return permute(apply('argsort', [permute(x, axes)], {})[0], inverse(axes))
}

/**
 * The elements of x in ascending order along an axis, NaN last; a gradient goes where the element came from.
 *
 * @throws {DtypeError} for booleans. @throws {ShapeError} if there is no such axis.
 */
export function sort(x: NDArray, axis = -1): NDArray {
  const axes = axesToEnd('sort', axis, x)
  const moved = permute(x, axes)
  const [columns] = apply('argsort', [moved], {})
  const extent = x.shape[axes[axes.length - 1] ?? 0] ?? 1
  const rows = elementCount(moved.shape.slice(0, -1))
  const starts = mul(iota([rows, 1], 0, 'int32', x.device), extent)
  const positions = reshape(add(reshape(columns, [rows, extent]), starts), [x.size])
  return permute(reshape(take(reshape(moved, [x.size]), positions), moved.shape), inverse(axes))
}

/**
 * `counts[k] = #{i: indices[i] = k}`, int32[numBins].
 *
 * @throws {InputError} if an index is not in `0 … numBins − 1`. @throws {DtypeError} unless the indices are int32.
 */
export function bincount(indices: NDArray, numBins: number): NDArray {
  return apply('bincount', [indices], { numBins })[0]
}

export interface HistogramOptions {
  /** Number of bins of equal width. */
  readonly bins: number
  readonly low: number
  readonly high: number
}

/**
 * `counts[k] = #{i: k ≤ (x[i] − low) / (high − low) · bins < k + 1}`, int32[bins]; the last bin has `high` too. What lies outside, NaN
 * included, is not counted.
 *
 * @throws {DtypeError} unless x has a float dtype. @throws {InputError} unless there are bins and low < high are finite.
 */
export function histogram(x: NDArray, { bins, low, high }: HistogramOptions): NDArray {
  if (!isFloat(x.dtype)) throw new DtypeError(`histogram: needs float32 or float64, got ${x.dtype}; cast it first, or use bincount`)
  if (!(Number.isSafeInteger(bins) && bins > 0)) throw new InputError(`histogram: the number of bins is ${bins}, but must be a positive integer`)
  if (!(Number.isFinite(high - low) && low < high)) throw new InputError(`histogram: the range is ${low} … ${high}, but must be finite, the first below the second`)
  const isInside = logicalAnd(greaterEqual(x, low), lessEqual(x, high))
  const bin = minimum(floor(mul(div(sub(x, low), high - low), bins)), bins - 1)
  // One more bin for what lies outside.
  return slice(bincount(cast(where(isInside, bin, bins), 'int32'), bins + 1), [0], [bins])
}

export interface Compaction {
  /** int32 of the length of the mask: where it holds, ascending, then where it does not, ascending. */
  readonly positions: NDArray
  /** int32[]: at how many positions it holds. */
  readonly count: NDArray
}

/**
 * The positions at which a mask holds, in front of those at which it does not, and their number: as a shape does not depend on elements,
 * it can be part of a program.
 *
 * @throws {DtypeError} unless the mask is bool. @throws {ShapeError} unless it has one axis.
 */
export function compact(mask: NDArray): Compaction {
  if (mask.ndim !== 1) throw new ShapeError(`compact: needs a mask of one axis, got ${describe(mask)}; reshape it`)
  const [positions, count] = apply('compact', [mask], {})
  return { positions, count }
}

/**
 * The positions at which a mask holds, ascending, int32 of as many elements as there are: `take(x, await nonzero(mask))` selects rows.
 *
 * @throws {InputError} (as all of these, as a rejection) while a function is traced, for the size depends on elements; use
 * {@link compact} there. @throws {DtypeError} unless the mask is bool. @throws {ShapeError} unless it has one axis.
 */
export async function nonzero(mask: NDArray): Promise<NDArray> {
  if (mask.isAbstract)
    throw new InputError(`nonzero: ${describe(mask)} is abstract, and the number of positions depends on its elements; use compact() in functions that are traced`)
  const { positions, count } = compact(mask)
  try {
    return slice(positions, [0], [await count.item()])
  } finally {
    positions.dispose()
    count.dispose()
  }
}

function axesToEnd(what: string, axis: number, x: NDArray): number[] {
  const last = normalizeAxis(what, axis, x.ndim)
  return [...x.shape.keys()].filter((own) => own !== last).concat(last)
}

function inverse(axes: readonly number[]): number[] {
  return axes.map((_, axis) => axes.indexOf(axis))
}
