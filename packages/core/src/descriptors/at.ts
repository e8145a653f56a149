import { InternalError } from '../errors.ts'

/** `array[index]` where the index is known to be inside. */
export function at<T>(array: ArrayLike<T>, index: number): T {
  const value = array[index]
  if (value === undefined) throw new InternalError(`index ${index} is outside an array of ${array.length}`)
  return value
}
