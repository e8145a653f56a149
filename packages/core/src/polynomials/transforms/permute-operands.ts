import { PolynomialError } from '../../errors.ts'
import type { TensorProductParts } from '../parts.ts'
import { Subscripts } from '../subscripts.ts'

/** Operand k of the result is operand `order[k]`. @throws {PolynomialError} unless `order` is a permutation. */
export function permuteOperands({ subscripts, operands, paths }: TensorProductParts, order: readonly number[]): TensorProductParts {
  if (order.length !== operands.length || new Set(order).size !== order.length || order.some((k) => !(k >= 0 && k < operands.length)))
    throw new PolynomialError(`permuteOperands: [${order.join(', ')}] is not a permutation of ${operands.length} operands`)
  return {
    subscripts: Subscripts.fromOperands(
      order.map((k) => subscripts.operands[k] ?? ''),
      subscripts.coefficients,
    ),
    operands: order.flatMap((k) => operands[k] ?? []),
    paths: paths.map((path) => path.withIndices(order.map((k) => path.indices[k] ?? 0))),
  }
}
