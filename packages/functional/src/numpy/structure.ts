import { ShapeError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { DType, ReductionOptions, Shape } from '@equivar/engine'
import { requireArray, requireOperands } from '../array/arguments.ts'
import { DeviceArray, type Operand } from '../array/device-array.ts'

/** `y = Σ_axes x`; all axes unless named. */
export function sum<D extends DType>(x: DeviceArray<D>, options?: ReductionOptions): DeviceArray<D> {
  return new DeviceArray(engine.sum(requireArray('sum', x), options))
}

/** `y = (1/n) Σ_axes x`, n the number of elements summed. @throws {ShapeError} if n is 0. */
export function mean<D extends DType>(x: DeviceArray<D>, options?: ReductionOptions): DeviceArray<D> {
  return new DeviceArray(engine.mean(requireArray('mean', x), options))
}

/** `y = max_axes x`; equal largest elements share the derivative. */
export function max<D extends DType>(x: DeviceArray<D>, options?: ReductionOptions): DeviceArray<D> {
  return new DeviceArray(engine.max(requireArray('max', x), options))
}

/** `y = min_axes x`; equal smallest elements share the derivative. */
export function min<D extends DType>(x: DeviceArray<D>, options?: ReductionOptions): DeviceArray<D> {
  return new DeviceArray(engine.neg(engine.max(engine.neg(requireArray('min', x)), options)))
}

/** `y_i = Σ_{j ≤ i} x_j` along an axis. */
export function cumsum<D extends DType>(x: DeviceArray<D>, axis: number): DeviceArray<D> {
  return new DeviceArray(engine.cumulativeSum(requireArray('cumsum', x), axis))
}

/** `y[…, i, j] = Σ_k a[…, i, k] b[…, k, j]`; leading axes broadcast. @throws {ShapeError} unless both have two axes at least and fit. */
export function matmul(a: Operand, b: Operand): DeviceArray {
  const [x, y] = requireOperands('matmul', [a, b])
  return new DeviceArray(engine.matmul(x ?? requireArray('matmul', a), y ?? requireArray('matmul', b)))
}

/**
 * Einstein sums: `einsum('zau,ab->zbu', w, p)` is `out[z,b,u] = Σ_a w[z,a,u] p[a,b]`. Host arrays take the dtype of the first array.
 *
 * @throws {SubscriptsError} if the subscripts are malformed. @throws {ShapeError} if a letter has two extents.
 */
export function einsum(subscripts: string, ...operands: readonly Operand[]): DeviceArray {
  return new DeviceArray(engine.einsum(subscripts, ...requireOperands('einsum', operands)))
}

/** The elements in another shape of the same size; one extent may be −1. */
export function reshape<D extends DType>(x: DeviceArray<D>, shape: Shape): DeviceArray<D> {
  return new DeviceArray(engine.reshape(requireArray('reshape', x), shape))
}

/** Axes in another order, reversed unless given. */
export function transpose<D extends DType>(x: DeviceArray<D>, axes?: readonly number[]): DeviceArray<D> {
  requireArray('transpose', x)
  return x.transpose(axes)
}

/** Swaps two axes. */
export function swapaxes<D extends DType>(x: DeviceArray<D>, axis0: number, axis1: number): DeviceArray<D> {
  return new DeviceArray(engine.transpose(requireArray('swapaxes', x), axis0, axis1))
}

/** Moves one axis to another position; the others keep their order. */
export function moveaxis<D extends DType>(x: DeviceArray<D>, source: number, destination: number): DeviceArray<D> {
  return new DeviceArray(engine.moveAxis(requireArray('moveaxis', x), source, destination))
}

/** A new axis of extent 1 at a position. */
export function expandDims<D extends DType>(x: DeviceArray<D>, axis: number): DeviceArray<D> {
  const { shape, ndim } = requireArray('expandDims', x)
  const at = axis < 0 ? axis + ndim + 1 : axis
  if (!(Number.isInteger(at) && at >= 0 && at <= ndim)) throw new ShapeError(`expandDims: there is no position ${axis} among ${ndim} axes`)
  return reshape(x, [...shape.slice(0, at), 1, ...shape.slice(at)])
}

/** Without axes of extent 1: all of them, or the named one. @throws {ShapeError} if the named axis has another extent. */
export function squeeze<D extends DType>(x: DeviceArray<D>, axis?: number): DeviceArray<D> {
  const { shape, ndim } = requireArray('squeeze', x)
  if (axis === undefined) return reshape(x, shape.filter((extent) => extent !== 1))
  const at = axis < 0 ? axis + ndim : axis
  if (shape[at] !== 1) throw new ShapeError(`squeeze: axis ${axis} of ${x.toString()} does not have extent 1`)
  return reshape(x, shape.filter((_, own) => own !== at))
}

/** numpy's `broadcast_to`: repeats x along missing axes and axes of extent 1. */
export function broadcastTo<D extends DType>(x: DeviceArray<D>, shape: Shape): DeviceArray<D> {
  return new DeviceArray(engine.broadcastTo(requireArray('broadcastTo', x), shape))
}

/** Joins arrays along an existing axis. */
export function concatenate<D extends DType>(arrays: readonly DeviceArray<D>[], axis = 0): DeviceArray<D> {
  return new DeviceArray(engine.concatenate(arrays.map((x) => requireArray('concatenate', x)), axis))
}

/** Joins arrays of one shape along a new axis. */
export function stack<D extends DType>(arrays: readonly DeviceArray<D>[], axis = 0): DeviceArray<D> {
  return new DeviceArray(engine.stack(arrays.map((x) => requireArray('stack', x)), axis))
}

/** Cuts an axis into parts of the given extents. @throws {ShapeError} if they do not add up to the axis. */
export function split<D extends DType>(x: DeviceArray<D>, extents: readonly number[], axis = 0): DeviceArray<D>[] {
  return engine.split(requireArray('split', x), extents, axis).map((part) => new DeviceArray(part))
}

/** Zeros around x: `[before, after]` for every axis. @throws {ShapeError} unless there is a pair an axis. */
export function pad<D extends DType>(x: DeviceArray<D>, widths: readonly (readonly [before: number, after: number])[]): DeviceArray<D> {
  const array = requireArray('pad', x)
  return new DeviceArray(engine.pad(array, widths.map(([before]) => before), widths.map(([, after]) => after)))
}

/** `y[…, i…, …] = x[…, indices[i…], …]` along an axis, the first unless named. @throws {InputError} if an index is out of range. */
export function take<D extends DType>(x: DeviceArray<D>, indices: DeviceArray, axis = 0): DeviceArray<D> {
  requireArray('take', x)
  requireArray('take: indices', indices)
  return x.take(indices, axis)
}

/** Sums rows by segment: `y[s, …] = Σ_{i: indices[i] = s} x[i, …]`. @throws {InputError} if an index is out of range. */
export function segmentSum<D extends DType>(x: DeviceArray<D>, indices: DeviceArray, numSegments: number): DeviceArray<D> {
  return new DeviceArray(engine.segmentSum(requireArray('segmentSum', x), requireArray('segmentSum: indices', indices), numSegments))
}

/** The positions of elements in ascending order along an axis, int32; equal elements stay in order, NaN comes last. */
export function argsort(x: DeviceArray, axis = -1): DeviceArray<'int32'> {
  return new DeviceArray(engine.argsort(requireArray('argsort', x), axis))
}

/** The elements in ascending order along an axis. */
export function sort<D extends DType>(x: DeviceArray<D>, axis = -1): DeviceArray<D> {
  return new DeviceArray(engine.sort(requireArray('sort', x), axis))
}

/** `counts[k] = #{i: indices[i] = k}`, int32. @throws {InputError} if an index is out of range. */
export function bincount(indices: DeviceArray, length: number): DeviceArray<'int32'> {
  return new DeviceArray(engine.bincount(requireArray('bincount', indices), length))
}

/** `y = a × b` over the last axis of extent 3. */
export function cross<D extends DType>(a: DeviceArray<D>, b: DeviceArray<D>): DeviceArray<D> {
  return new DeviceArray(engine.cross(requireArray('cross', a), requireArray('cross', b)))
}
