import { PolynomialError } from '../../errors.ts'
import type { TensorProductParts } from '../parts.ts'

/**
 * Sorts paths by their segment in the first named operand, ties by the second, and so on; paths that agree in all of them
 * keep their order. By default by all operands in turn.
 *
 * @throws {PolynomialError} if an operand does not exist.
 */
export function sortPaths(parts: TensorProductParts, operands: number | readonly number[] = parts.operands.map((_, k) => k)): TensorProductParts {
  const keys = typeof operands === 'number' ? [operands] : operands
  for (const k of keys)
    if (!parts.operands[k]) throw new PolynomialError(`sortPaths: '${parts.subscripts.text}' has no operand ${k}; it has ${parts.operands.length}`)
  const paths = [...parts.paths].sort((a, b) => {
    for (const k of keys) {
      const difference = (a.indices[k] ?? 0) - (b.indices[k] ?? 0)
      if (difference !== 0) return difference
    }
    return 0
  })
  return { ...parts, paths }
}
