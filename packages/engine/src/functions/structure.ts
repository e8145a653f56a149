import { InputError, ShapeError } from '@equivar/core'
import { storedDtype, type DType, type DTypeName } from '../array/dtype.ts'
import type { Device } from '../array/device.ts'
import type { NDArray } from '../array/ndarray.ts'
import { elementCount, formatShape, normalizeAxes, normalizeAxis, sameShape, type Shape } from '../array/shape.ts'
import { apply } from '../graph/apply.ts'

export interface ReductionOptions {
  /** Axes to reduce, counted from the end when negative; default all. */
  readonly axes?: number | readonly number[]
  /** Reduced axes stay with extent 1. */
  readonly keepDims?: boolean
}

/** `y = Σ_axes x`. float32 is accumulated in float64. */
export function sum(x: NDArray, options: ReductionOptions = {}): NDArray {
  return reduce('sum', x, options)
}

/** `y = max_axes x`; equal largest elements share the derivative. */
export function max(x: NDArray, options: ReductionOptions = {}): NDArray {
  return reduce('max', x, options)
}

function reduce(name: 'sum' | 'max', x: NDArray, { axes, keepDims = false }: ReductionOptions): NDArray {
  const list = normalizeAxes(name, axes, x.ndim)
  if (list.length === 0) return x.share()
  const [y] = apply(name, [x], { axes: list })
  return keepDims ? reshape(y, keptShape(x.shape, list)) : y
}

/** The shape with extent 1 on the given axes. */
export function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
}

/** `y_i = Σ_{j ≤ i} x_j` along an axis, or over j ≥ i when `reverse`. */
export function cumulativeSum(x: NDArray, axis: number, options: { readonly reverse?: boolean } = {}): NDArray {
  return apply('cumulativeSum', [x], { axis: normalizeAxis('cumulativeSum', axis, x.ndim), reverse: options.reverse ?? false })[0]
}

export interface MatmulOptions {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
}

/**
 * `y[…, i, j] = Σ_k a[…, i, k] b[…, k, j]`; leading axes broadcast, `transposeA` / `transposeB` swap the last two axes.
 *
 * @throws {ShapeError} if an operand has fewer than two axes or the inner extents differ.
 */
export function matmul(a: NDArray, b: NDArray, { transposeA = false, transposeB = false }: MatmulOptions = {}): NDArray {
  return apply('matmul', [a, b], { transposeA, transposeB })[0]
}

/** The elements in another shape of the same size; one extent may be −1. Shares memory. */
export function reshape(x: NDArray, shape: Shape): NDArray {
  const full = inferExtent(x.shape, shape)
  return sameShape(full, x.shape) ? x.share() : apply('reshape', [x], { shape: full })[0]
}

function inferExtent(from: Shape, to: Shape): Shape {
  const unknown = to.indexOf(-1)
  if (unknown < 0) return to
  const rest = elementCount(to.filter((_, axis) => axis !== unknown))
  const extent = elementCount(from) / rest
  if (!Number.isInteger(extent)) throw new ShapeError(`reshape: shape ${formatShape(from)} does not fit ${formatShape(to)}; −1 cannot be inferred`)
  return to.map((own, axis) => (axis === unknown ? extent : own))
}

/** `y[i_{axes[0]}, i_{axes[1]}, …] = x[i_0, i_1, …]` */
export function permute(x: NDArray, axes: readonly number[]): NDArray {
  const list = axes.map((axis) => normalizeAxis('permute', axis, x.ndim))
  return list.length === x.ndim && list.every((axis, i) => axis === i) ? x.share() : apply('permute', [x], { axes: list })[0]
}

/** Swaps two axes, by default the last two. */
export function transpose(x: NDArray, axis0 = -2, axis1 = -1): NDArray {
  const a = normalizeAxis('transpose', axis0, x.ndim)
  const b = normalizeAxis('transpose', axis1, x.ndim)
  return permute(x, Array.from({ length: x.ndim }, (_, axis) => (axis === a ? b : axis === b ? a : axis)))
}

/** Moves one axis to another position; the others keep their order. */
export function moveAxis(x: NDArray, source: number, destination: number): NDArray {
  const from = normalizeAxis('moveAxis', source, x.ndim)
  const axes = [...x.shape.keys()].filter((axis) => axis !== from)
  axes.splice(normalizeAxis('moveAxis', destination, x.ndim), 0, from)
  return permute(x, axes)
}

/** numpy's `broadcast_to`: repeats x along missing axes and axes of extent 1. */
export function broadcastTo(x: NDArray, shape: Shape): NDArray {
  return sameShape(x.shape, shape) ? x.share() : apply('broadcastTo', [x], { shape })[0]
}

/** The transpose of {@link broadcastTo}: sums over the axes along which `shape` would be repeated. */
export function sumTo(x: NDArray, shape: Shape): NDArray {
  if (sameShape(x.shape, shape)) return x.share()
  const missing = x.ndim - shape.length
  const axes = x.shape.flatMap((extent, axis) => (axis < missing || (shape[axis - missing] === 1 && extent !== 1) ? [axis] : []))
  return reshape(sum(x, { axes }), shape)
}

/** Joins arrays along an existing axis. */
export function concatenate(arrays: readonly NDArray[], axis = 0): NDArray {
  const [first] = arrays
  if (!first) throw new InputError('concatenate: needs at least one array')
  return arrays.length === 1 ? first.share() : apply('concatenate', arrays, { axis: normalizeAxis('concatenate', axis, first.ndim) })[0]
}

/** `y = x[starts[0]…limits[0], starts[1]…limits[1], …]`, limits excluded. */
export function slice(x: NDArray, starts: readonly number[], limits: readonly number[]): NDArray {
  if (starts.length === x.ndim && starts.every((start) => start === 0) && sameShape(limits, x.shape)) return x.share()
  return apply('slice', [x], { starts, limits })[0]
}

/** `y = x[…, start…limit, …]` along one axis, limit excluded. */
export function sliceAxis(x: NDArray, axis: number, start: number, limit: number): NDArray {
  const at = normalizeAxis('sliceAxis', axis, x.ndim)
  return slice(
    x,
    x.shape.map((_, i) => (i === at ? start : 0)),
    x.shape.map((extent, i) => (i === at ? limit : extent)),
  )
}

/** Zeros around x: `low[a]` before and `high[a]` after it along every axis a. */
export function pad(x: NDArray, low: readonly number[], high: readonly number[]): NDArray {
  return apply('pad', [x], { low, high })[0]
}

/**
 * Gather of rows: `y[i…, …] = x[indices[i…], …]`.
 *
 * @throws {InputError} if an index is out of range. @throws {DtypeError} unless the indices are int32.
 */
export function take(x: NDArray, indices: NDArray): NDArray {
  const [rows] = apply('take', [x, reshape(indices, [indices.size])], {})
  return reshape(rows, [...indices.shape, ...x.shape.slice(1)])
}

/**
 * Scatter-add of rows: `y[s, …] = Σ_{i: indices[i] = s} x[i, …]`, in the order of i.
 *
 * @throws {InputError} if an index is out of range. @throws {DtypeError} unless the indices are int32.
 */
export function segmentSum(x: NDArray, indices: NDArray, numSegments: number): NDArray {
  return apply('segmentSum', [x, indices], { numSegments })[0]
}

/** `y[…, k] = 1 where indices[…] = k, else 0`. @throws {InputError} if an index is not in [0, depth). */
export function oneHot(indices: NDArray, depth: number, dtype: DTypeName = 'float32'): NDArray {
  return apply('oneHot', [indices], { depth, dtype: storedDtype(dtype) })[0]
}

/** `y[…, i, …] = i` along one axis of a shape, on the default device unless another is named. */
export function iota(shape: Shape, axis: number, dtype: DType, device?: Device): NDArray {
  return apply('iota', [], { shape, axis: normalizeAxis('iota', axis, shape.length), dtype }, device)[0]
}
