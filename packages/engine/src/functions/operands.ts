import { isFloat } from '../array/dtype.ts'
import { full } from '../array/create.ts'
import type { NDArray } from '../array/ndarray.ts'
import { DtypeError, InputError } from '@equivar/core'

/** An array, or a number that takes the other side's dtype and device. */
export type Operand = NDArray | number

/** Both sides as arrays. @throws {InputError} if both are numbers. @throws {DtypeError} if a fraction meets an integer array. */
export function operandPair(what: string, a: Operand, b: Operand): readonly [NDArray, NDArray] {
  if (typeof a === 'number') {
    if (typeof b === 'number') throw new InputError(`${what}: both sides are numbers; at least one must be an array`)
    return [constant(what, a, b), b]
  }
  return [a, typeof b === 'number' ? constant(what, b, a) : b]
}

function constant(what: string, value: number, { dtype, device }: NDArray): NDArray {
  if (!isFloat(dtype) && !Number.isInteger(value)) throw new DtypeError(`${what}: ${value} does not fit an array of dtype ${dtype}; cast the array to a float dtype first`)
  return full([], value, { dtype, device })
}
