import { InputError, ShapeError } from '@equivar/core'

/** @throws {InputError} unless the value is positive, or zero where that `mayBeZero`. */
export function requirePositive(what: string, value: number, unit: string, mayBeZero = false): void {
  if (!(Number.isFinite(value) && (value > 0 || (mayBeZero && value === 0))))
    throw new InputError(`${what} is ${value}; it must be ${mayBeZero ? 'zero or ' : ''}a positive number of ${unit}`)
}

/** @throws {InputError} unless the value is an integer in `0 … 2^53 − 1`. */
export function requireCount(what: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0)) throw new InputError(`${what} is ${value}; it must be an integer in 0 … 2^53 − 1`)
}

/** @throws {ShapeError} unless there are three components an atom. @throws {InputError} if one of them is not finite. */
export function requireVectors(what: string, vectors: ArrayLike<number>, numAtoms: number): void {
  if (vectors.length !== 3 * numAtoms)
    throw new ShapeError(`${what}: ${vectors.length} components for ${numAtoms} atoms, which need ${3 * numAtoms}; pass three an atom`)
  const index = Array.from(vectors).findIndex((x) => !Number.isFinite(x))
  if (index >= 0) throw new InputError(`${what}: component ${'xyz'[index % 3] ?? ''} of atom ${Math.floor(index / 3)} is ${vectors[index] ?? Number.NaN}; it must be finite`)
}
