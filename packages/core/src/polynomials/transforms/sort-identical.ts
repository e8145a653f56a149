import { PolynomialError } from '../../errors.ts'
import type { TensorProductParts } from '../parts.ts'
import { consolidatePaths } from './fuse-paths.ts'

/**
 * Sorts the segment indices of every path among operands that are fed the same data, then adds up equal paths. The value
 * does not change, because a product does not depend on the order of equal factors.
 *
 * @throws {PolynomialError} if the operands differ in subscripts or segments, or share a mode with the coefficients.
 */
export function sortIndicesForIdenticalOperands(parts: TensorProductParts, operands: readonly number[]): TensorProductParts {
  if (operands.length < 2) return parts
  requireInterchangeable(parts, operands)
  const slots = [...operands].sort((a, b) => a - b)
  const paths = parts.paths.map((path) => {
    const own = slots.map((slot) => path.indices[slot] ?? 0)
    if (own.every((segment, n) => n === 0 || (own[n - 1] ?? 0) <= segment)) return path
    own.sort((a, b) => a - b)
    const indices = [...path.indices]
    for (let n = 0; n < slots.length; n++) indices[slots[n] ?? 0] = own[n] ?? 0
    return path.withIndices(indices)
  })
  return consolidatePaths({ ...parts, paths })
}

/** Whether exchanging the operands can be undone by renumbering segments: same modes, no coefficient axis on them. */
export function areInterchangeable(parts: TensorProductParts, operands: readonly number[]): boolean {
  const [first] = operands
  if (first === undefined) return true
  const modes = parts.subscripts.operands[first] ?? ''
  const segments = parts.operands[first]
  if ([...modes].some((mode) => parts.subscripts.coefficients.includes(mode))) return false
  return operands.every((k) => {
    const other = parts.operands[k]
    return parts.subscripts.operands[k] === modes && other !== undefined && segments !== undefined && other.equals(segments)
  })
}

export function requireInterchangeable(parts: TensorProductParts, operands: readonly number[]): void {
  if (!areInterchangeable(parts, operands))
    throw new PolynomialError(
      `operands ${operands.join(', ')} of '${parts.subscripts.toString()}' cannot be exchanged: they need the same subscripts and segments and no coefficient modes; flatten the coefficient modes first`,
    )
}
