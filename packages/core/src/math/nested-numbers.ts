import { ShapeError } from '../errors.ts'

/** A number or an array of arrays of numbers, as users write small tensors. */
export type NestedNumbers = number | readonly NestedNumbers[]

/**
 * Appends the numbers to `out`, row-major, and returns the shape of the nesting. `what` names the caller in the message.
 *
 * @throws {ShapeError} if arrays beside each other differ in shape.
 */
export function flattenNumbers(what: string, values: NestedNumbers, out: number[]): number[] {
  if (typeof values === 'number') {
    out.push(values)
    return []
  }
  let inner: number[] | undefined
  for (const value of values) {
    const shape = flattenNumbers(what, value, out)
    inner ??= shape
    if (inner.length !== shape.length || inner.some((extent, axis) => extent !== shape[axis]))
      throw new ShapeError(`${what}: nested data is ragged: [${inner.join(', ')}] beside [${shape.join(', ')}]`)
  }
  return [values.length, ...(inner ?? [])]
}
