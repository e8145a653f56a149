import { InputError, ShapeError } from '../errors.ts'
import type { HostArray } from '../math/host-array.ts'
import { roundToSqrtRational } from '../math/rounding.ts'
import { so3Exp } from './angular.ts'

const quarterTurnAngles = [0, Math.PI / 2, Math.PI, (3 * Math.PI) / 2]

/**
 * `exp(angle · Σ_a axis_a X_a)` of the real irrep l: the right-handed rotation by `angle` radians about `axis`, which is
 * normalised. For multiples of a quarter turn up to 3π/2, either way, entries are rounded to square roots of fractions.
 *
 * @throws {ShapeError} if the axis does not have three components.
 * @throws {InputError} if the axis is zero, or a number is not finite.
 */
export function rotationMatrix(l: number, axis: ArrayLike<number>, angle: number): HostArray {
  if (axis.length !== 3) throw new ShapeError(`rotation: the axis has ${axis.length} components; pass three`)
  const vector = Array.from(axis)
  const norm = Math.hypot(...vector)
  if (!Number.isFinite(norm) || norm === 0) throw new InputError(`rotation: the axis [${vector.join(', ')}] has length ${norm}; pass a finite non-zero vector`)
  if (!Number.isFinite(angle)) throw new InputError(`rotation: the angle ${angle} is not finite`)
  const matrix = so3Exp(
    l,
    vector.map((value) => (value / norm) * angle),
  )
  return quarterTurnAngles.includes(Math.abs(angle)) ? matrix.map(roundToSqrtRational) : matrix
}
