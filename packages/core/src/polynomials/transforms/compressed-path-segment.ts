import { PolynomialError } from '../../errors.ts'
import type { TensorProductParts } from '../parts.ts'

/**
 * Where the paths of every segment of an operand start: paths `offsets[s]` … `offsets[s + 1] − 1` use segment s.
 *
 * @throws {PolynomialError} if the operand does not exist, or paths are not sorted by it.
 */
export function compressedPathSegment({ subscripts, operands, paths }: TensorProductParts, operand: number): readonly number[] {
  const own = operands[operand]
  if (!own) throw new PolynomialError(`compressedPathSegment: '${subscripts.text}' has no operand ${operand}; it has ${operands.length}`)
  const offsets = Array.from({ length: own.numSegments + 1 }, () => 0)
  let previous = 0
  for (const [n, path] of paths.entries()) {
    const segment = path.indices[operand] ?? 0
    if (segment < previous) throw new PolynomialError(`compressedPathSegment: path ${n} of '${subscripts.text}' uses segment ${segment} of operand ${operand} after ${previous}; call sortPaths(${operand}) first`)
    previous = segment
    offsets[segment + 1] = n + 1
  }
  for (let s = 1; s < offsets.length; s++) offsets[s] = Math.max(offsets[s] ?? 0, offsets[s - 1] ?? 0)
  return offsets
}
