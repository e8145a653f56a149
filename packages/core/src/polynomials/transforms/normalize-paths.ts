import { PolynomialError } from '../../errors.ts'
import type { TensorProductParts } from '../parts.ts'
import { extentsOf } from './extents.ts'

/**
 * Divides paths so that every segment of an operand has variance one if all other operands have: by √V with
 * `V = Σ_paths mean(c²) · (number of terms that are summed into an element)`, summed over the paths of a segment. Where
 * V = 0 coefficients become zero.
 *
 * @throws {PolynomialError} if there is no such operand.
 */
export function normalizePathsForOperand(parts: TensorProductParts, operand: number): TensorProductParts {
  const own = parts.subscripts.operands[operand]
  if (own === undefined) throw new PolynomialError(`normalizePathsForOperand: '${parts.subscripts.text}' has no operand ${operand}; it has ${parts.operands.length}`)
  const summed = parts.subscripts.modes.flatMap((mode, slot) => (own.includes(mode) ? [] : [slot]))
  const extentsIn = extentsOf(parts)
  const variances = new Map<number, number>()
  for (const path of parts.paths) {
    const extents = extentsIn(path)
    const { data } = path.coefficients
    let squares = 0
    for (const value of data) squares += value * value
    const numTerms = summed.reduce((product, slot) => product * (extents[slot] ?? 1), 1)
    const segment = path.indices[operand] ?? 0
    variances.set(segment, (variances.get(segment) ?? 0) + (squares / Math.max(1, data.length)) * numTerms)
  }
  return {
    ...parts,
    paths: parts.paths.map((path) => {
      const variance = variances.get(path.indices[operand] ?? 0) ?? 0
      return path.withCoefficients(path.coefficients.map((value) => (variance === 0 ? 0 : value / Math.sqrt(variance))))
    }),
  }
}
