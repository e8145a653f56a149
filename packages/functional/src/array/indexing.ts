import { InputError, ShapeError } from '@equivar/core'
import { NDArray, permute, reshape, slice, take } from '@equivar/engine'

/**
 * What picks entries along an axis: an integer (the axis goes; negative counts from the end), `':'` all, `[start, stop]` a range (as
 * `Array.slice`), `null` a new axis of extent 1, or an int32 array that gathers.
 */
export type Key<A> = number | null | ':' | readonly [start: number, stop?: number] | A

/** One key an axis, from the first axis on; axes without a key stay. */
export function atKeys(x: NDArray, keys: readonly Key<NDArray>[]): NDArray {
  const numUsed = keys.filter((key) => key !== null).length
  if (numUsed > x.ndim) throw new ShapeError(`at: ${numUsed} keys for ${x.toString()}, which has ${x.ndim} axes; pass one key an axis at most`)
  if (keys.filter((key) => key instanceof NDArray).length > 1) throw new InputError('at: one index array at most; call at() once for each')
  const starts = x.shape.map(() => 0)
  const limits = [...x.shape]
  const shape: number[] = []
  let gathered: { readonly at: number; readonly indices: NDArray } | undefined
  let axis = 0
  for (const key of keys) {
    if (key === null) {
      shape.push(1)
      continue
    }
    const extent = x.shape[axis] ?? 0
    if (key instanceof NDArray) {
      gathered = { at: shape.length, indices: key }
      shape.push(extent)
    } else if (typeof key === 'number') {
      const position = key < 0 ? key + extent : key
      if (!(Number.isInteger(key) && position >= 0 && position < extent))
        throw new ShapeError(`at: index ${key} is outside axis ${axis} of ${x.toString()}; pass an integer in ${-extent} … ${extent - 1}`)
      starts[axis] = position
      limits[axis] = position + 1
    } else {
      const [from, to] = key === ':' ? [0, extent] : bounds(key, extent)
      starts[axis] = from
      limits[axis] = to
      shape.push(to - from)
    }
    axis++
  }
  shape.push(...x.shape.slice(axis))
  const picked = reshape(slice(x, starts, limits), shape)
  return gathered ? takeAlong(picked, gathered.indices, gathered.at) : picked
}

/** `y[…, i…, …] = x[…, indices[i…], …]` along one axis. */
export function takeAlong(x: NDArray, indices: NDArray, axis: number): NDArray {
  if (axis === 0) return take(x, indices)
  const rest = [...x.shape.keys()].filter((own) => own !== axis)
  const rows = take(permute(x, [axis, ...rest]), indices)
  const { ndim } = indices
  const before = rest.slice(0, axis).map((_, i) => ndim + i)
  const own = indices.shape.map((_, i) => i)
  const after = rest.slice(axis).map((_, i) => ndim + axis + i)
  return permute(rows, [...before, ...own, ...after])
}

function bounds([start, stop]: readonly [number, number?], extent: number): [number, number] {
  const clamp = (bound: number) => Math.min(extent, Math.max(0, bound < 0 ? bound + extent : bound))
  if (!Number.isInteger(start) || (stop !== undefined && !Number.isInteger(stop))) throw new InputError(`at: the range [${start}, ${stop ?? ''}] must be of integers`)
  const from = clamp(start)
  return [from, Math.max(from, clamp(stop ?? extent))]
}
