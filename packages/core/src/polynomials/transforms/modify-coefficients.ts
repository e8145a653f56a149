import { InputError } from '../../errors.ts'
import type { HostArray } from '../../math/host-array.ts'
import { roundToRational, roundToSqrtRational } from '../../math/rounding.ts'
import type { TensorProductParts } from '../parts.ts'

/** Replaces the coefficients of every path. */
export function modifyCoefficients(parts: TensorProductParts, f: (coefficients: HostArray) => HostArray): TensorProductParts {
  return { ...parts, paths: parts.paths.map((path) => path.withCoefficients(f(path.coefficients))) }
}

/** Multiplies all coefficients. @throws {InputError} if the factor is not finite. */
export function scaleCoefficients(parts: TensorProductParts, factor: number): TensorProductParts {
  if (!Number.isFinite(factor)) throw new InputError(`scale: the factor ${factor} of '${parts.subscripts.text}' must be a finite number`)
  return modifyCoefficients(parts, (coefficients) => coefficients.scale(factor))
}

/** Moves every coefficient to the nearest simple fraction, which removes rounding noise. */
export function roundCoefficientsToRational(parts: TensorProductParts): TensorProductParts {
  return modifyCoefficients(parts, (coefficients) => coefficients.map(roundToRational))
}

/** Moves every coefficient to the nearest square root of a simple fraction. */
export function roundCoefficientsToSqrtRational(parts: TensorProductParts): TensorProductParts {
  return modifyCoefficients(parts, (coefficients) => coefficients.map(roundToSqrtRational))
}
