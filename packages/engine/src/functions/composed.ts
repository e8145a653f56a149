import { InputError, ShapeError } from '@equivar/core'
import type { NDArray } from '../array/ndarray.ts'
import { elementCount, formatShape, normalizeAxes, normalizeAxis } from '../array/shape.ts'
import { add, div, equal, mul, sqrt, square, sub, where } from './elementwise.ts'
import { concatenate, reshape, sliceAxis, sum, type ReductionOptions } from './structure.ts'

/** `y = (1/n) Σ_axes x`, n the number of elements summed. @throws {ShapeError} if n is 0. */
export function mean(x: NDArray, options: ReductionOptions = {}): NDArray {
  const axes = normalizeAxes('mean', options.axes, x.ndim)
  const count = elementCount(axes.map((axis) => x.shape[axis] ?? 1))
  if (count === 0) throw new ShapeError(`mean: shape ${formatShape(x.shape)} has no elements along the axes [${axes.join(', ')}]`)
  return div(sum(x, options), count)
}

/** `y = √(Σ_axes x²)`. Where all x are 0 the norm is 0 and its derivatives are taken as 0. */
export function norm(x: NDArray, options: ReductionOptions = {}): NDArray {
  const squared = sum(square(x), options)
  const isZero = equal(squared, 0)
  return where(isZero, 0, sqrt(where(isZero, 1, squared)))
}

/** `y = a × b` over the last axis of extent 3; leading axes broadcast. @throws {ShapeError} if a last axis is not 3. */
export function cross(a: NDArray, b: NDArray): NDArray {
  for (const x of [a, b])
    if (x.shape.at(-1) !== 3) throw new ShapeError(`cross: the last axis must have extent 3, got shape ${formatShape(x.shape)}`)
  const component = (x: NDArray, i: number) => sliceAxis(x, -1, i, i + 1)
  const minor = (i: number, j: number) => sub(mul(component(a, i), component(b, j)), mul(component(a, j), component(b, i)))
  return concatenate([minor(1, 2), minor(2, 0), minor(0, 1)], -1)
}

/** Joins arrays of one shape along a new axis. */
export function stack(arrays: readonly NDArray[], axis = 0): NDArray {
  const [first] = arrays
  if (!first) throw new InputError('stack: needs at least one array')
  const at = normalizeAxis('stack', axis, first.ndim + 1)
  return concatenate(
    arrays.map((x) => reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])),
    at,
  )
}

/** The slices of x along an axis, without that axis: the inverse of {@link stack}. @throws {ShapeError} if there is no such axis. */
export function unstack(x: NDArray, axis = 0): NDArray[] {
  const at = normalizeAxis('unstack', axis, x.ndim)
  const rest = x.shape.filter((_, own) => own !== at)
  return Array.from({ length: x.shape[at] ?? 0 }, (_, i) => reshape(sliceAxis(x, at, i, i + 1), rest))
}

/** Cuts an axis into parts of the given extents. @throws {ShapeError} if they do not add up to the axis. */
export function split(x: NDArray, extents: readonly number[], axis = 0): NDArray[] {
  const at = normalizeAxis('split', axis, x.ndim)
  const total = extents.reduce((a, b) => a + b, 0)
  if (total !== x.shape[at]) throw new ShapeError(`split: extents [${extents.join(', ')}] add up to ${total}, axis ${at} of ${formatShape(x.shape)} has ${x.shape[at] ?? 0}`)
  let start = 0
  return extents.map((extent) => {
    const part = sliceAxis(x, at, start, start + extent)
    start += extent
    return part
  })
}

/**
 * `y = (x − mean) / √(variance + ε) · weight + bias` over the last axis; the variance is the mean squared deviation.
 * Source: Ba, Kiros, Hinton, arXiv:1607.06450.
 */
export function layerNorm(x: NDArray, weight: NDArray, bias: NDArray, epsilon = 1e-5): NDArray {
  const centred = sub(x, mean(x, { axes: -1, keepDims: true }))
  const variance = mean(square(centred), { axes: -1, keepDims: true })
  return add(mul(div(centred, sqrt(add(variance, epsilon))), weight), bias)
}
