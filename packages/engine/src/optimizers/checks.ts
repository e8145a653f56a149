import { DtypeError, InputError, ShapeError } from '@equivar/core'
import { describe, type NDArray } from '../array/ndarray.ts'
import { isFloat } from '../array/dtype.ts'
import { sameShape } from '../array/shape.ts'

/** @throws {InputError} unless `value` is finite and not negative. */
export function requireNonNegative(what: string, name: string, value: number): void {
  if (!(Number.isFinite(value) && value >= 0)) throw new InputError(`${what}: ${name} is ${value}; it must be finite and not negative`)
}

/** @throws {InputError} unless `value` is in [0, 1). */
export function requireFraction(what: string, name: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new InputError(`${what}: ${name} is ${value}; it must be in [0, 1)`)
}

/** @throws {ShapeError} {DtypeError} unless all arrays look as the parameter does, a float. */
export function requireAlike(what: string, parameter: NDArray, others: { readonly [name: string]: NDArray | undefined }): void {
  if (!isFloat(parameter.dtype)) throw new DtypeError(`${what}: the parameter is ${describe(parameter)}; only float32 and float64 are optimised`)
  for (const [name, other] of Object.entries(others)) {
    if (!other) continue
    if (!sameShape(other.shape, parameter.shape)) throw new ShapeError(`${what}: the ${name} is ${describe(other)}, the parameter ${describe(parameter)}; they must have one shape`)
    if (other.dtype !== parameter.dtype) throw new DtypeError(`${what}: the ${name} is ${describe(other)}, the parameter ${describe(parameter)}; cast one of them`)
  }
}
