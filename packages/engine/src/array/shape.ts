import { ShapeError } from '@equivar/core'

export type Shape = readonly number[]

export function elementCount(shape: Shape): number {
  let count = 1
  for (const extent of shape) count *= extent
  return count
}

/** Row-major strides in elements. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = shape.map(() => 1)
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1)
  return strides
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis])
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

/** @throws {ShapeError} unless every extent is a non-negative integer. */
export function requireShape(what: string, shape: Shape): void {
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
    throw new ShapeError(`${what}: shape ${formatShape(shape)} must hold non-negative integers`)
  if (!Number.isSafeInteger(elementCount(shape))) throw new ShapeError(`${what}: shape ${formatShape(shape)} holds more elements than can be addressed`)
}

/** Axis counted from the end when negative. @throws {ShapeError} if out of range. */
export function normalizeAxis(what: string, axis: number, ndim: number): number {
  const positive = axis < 0 ? axis + ndim : axis
  if (!(Number.isInteger(axis) && positive >= 0 && positive < ndim)) throw new ShapeError(`${what}: axis ${axis} is outside an array of ${ndim} axes`)
  return positive
}

/** Sorted, distinct, non-negative axes; all axes when none are named. */
export function normalizeAxes(what: string, axes: number | readonly number[] | undefined, ndim: number): number[] {
  if (axes === undefined) return Array.from({ length: ndim }, (_, axis) => axis)
  const list = (typeof axes === 'number' ? [axes] : axes).map((axis) => normalizeAxis(what, axis, ndim))
  if (new Set(list).size !== list.length) throw new ShapeError(`${what}: axes [${list.join(', ')}] name an axis twice`)
  return list.sort((a, b) => a - b)
}

/**
 * numpy's rule: align at the last axis; extents must be equal or 1.
 *
 * @throws {ShapeError} if two extents differ and neither is 1.
 */
export function broadcastShapes(what: string, ...shapes: readonly Shape[]): number[] {
  const ndim = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: ndim }, (_, axis) => {
    let extent = 1
    for (const shape of shapes) {
      const own = shape[axis - ndim + shape.length] ?? 1
      if (own === 1 || own === extent) continue
      if (extent !== 1)
        throw new ShapeError(`${what}: shapes ${shapes.map(formatShape).join(' and ')} do not broadcast (${extent} against ${own}); reshape one of them`)
      extent = own
    }
    return extent
  })
}

/** Strides with which an array of `shape` is read as if it had shape `target` (0 along broadcast axes). */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = rowMajorStrides(shape)
  const missing = target.length - shape.length
  return target.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : (strides[axis - missing] ?? 0)))
}
