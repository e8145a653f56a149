import type { TensorProductParts } from '../parts.ts'
import { Subscripts } from '../subscripts.ts'

/** Renames modes by first appearance and puts the axes of the coefficients in alphabetical order. */
export function canonicalizeSubscripts(parts: TensorProductParts): TensorProductParts {
  const renamed = parts.subscripts.canonicalize()
  const modes = [...renamed.coefficients].sort()
  const axes = modes.map((mode) => renamed.coefficients.indexOf(mode))
  const inOrder = axes.every((axis, position) => axis === position)
  return {
    subscripts: Subscripts.fromOperands(renamed.operands, modes.join('')),
    operands: parts.operands,
    paths: inOrder ? parts.paths : parts.paths.map((path) => path.withCoefficients(path.coefficients.permute(axes))),
  }
}
