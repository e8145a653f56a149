import { DtypeError, InputError, ShapeError } from '@equivar/core'
import { reshape, sliceAxis, take, transpose, type NDArray } from '@equivar/engine'

/**
 * One entry of an index: a number picks along an axis and drops it (negative: from the end), `[start, stop]` keeps a range (either may be
 * undefined), `':'` keeps the axis, `'...'` as many as are left, `null` makes an axis of extent 1, an int32 array or tensor of one axis picks
 * several.
 */
export type Key<Index> = number | readonly [number | undefined, number | undefined] | ':' | '...' | null | Index

/** `x[keys…]` @throws {ShapeError} if there are more keys than axes. @throws {InputError} for a position outside of the axis. */
export function indexed(x: NDArray, keys: readonly Key<NDArray>[]): NDArray {
  const used = keys.filter((key) => key !== null && key !== '...').length
  if (keys.filter((key) => key === '...').length > 1) throw new InputError("at: '...' may stand once")
  if (used > x.ndim) throw new ShapeError(`at: ${used} keys for an array of ${x.ndim} axes`)
  let result = x
  let axis = 0
  for (const key of keys) {
    if (key === '...') axis += x.ndim - used
    else if (key === ':') axis++
    else if (key === null) result = inserted(result, axis++)
    else if (typeof key === 'number') result = picked(result, axis, key)
    else if (isRange(key)) result = ranged(result, axis++, key)
    else result = gathered(result, axis++, key)
  }
  return result
}

/** x with an axis of extent 1 before the given one. */
export function inserted(x: NDArray, axis: number): NDArray {
  return reshape(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)])
}

/** Rows along an axis: `y[…, i, …] = x[…, indices[i], …]`. */
function gathered(x: NDArray, axis: number, indices: NDArray): NDArray {
  if (indices.ndim !== 1) throw new ShapeError(`at: an index array must have one axis, got ${indices.ndim}`)
  if (indices.dtype !== 'int32') throw new DtypeError(`at: indices are ${indices.dtype}; use .to('int32')`)
  return axis === 0 ? take(x, indices) : transpose(take(transpose(x, 0, axis), indices), 0, axis)
}

function picked(x: NDArray, axis: number, at: number): NDArray {
  const extent = x.shape[axis] ?? 0
  const position = at < 0 ? at + extent : at
  if (!(Number.isInteger(at) && position >= 0 && position < extent)) throw new InputError(`at: position ${at} is outside of axis ${axis} of extent ${extent}`)
  return reshape(sliceAxis(x, axis, position, position + 1), [...x.shape.slice(0, axis), ...x.shape.slice(axis + 1)])
}

/** As Python's slices: what lies outside is cut off. */
function ranged(x: NDArray, axis: number, [start, stop]: readonly [number | undefined, number | undefined]): NDArray {
  const extent = x.shape[axis] ?? 0
  const bound = (value: number | undefined, otherwise: number) => {
    if (value === undefined) return otherwise
    if (!Number.isInteger(value)) throw new InputError(`at: a range must have integers, got ${value}`)
    return Math.min(extent, Math.max(0, value < 0 ? value + extent : value))
  }
  const first = bound(start, 0)
  return sliceAxis(x, axis, first, Math.max(first, bound(stop, extent)))
}

function isRange(key: Key<NDArray>): key is readonly [number | undefined, number | undefined] {
  return Array.isArray(key)
}
