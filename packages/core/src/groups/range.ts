import { InputError } from '../errors.ts'

/** `[0, 1, …, n − 1]`, or `[start, …, stop − 1]`. @throws {InputError} if a bound is not an integer. */
export function range(stop: number): number[]
export function range(start: number, stop: number): number[]
export function range(first: number, second?: number): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second]
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(stop)) throw new InputError(`range: the bounds ${start} and ${stop} must be integers`)
  return Array.from({ length: Math.max(0, stop - start) }, (_, i) => start + i)
}
