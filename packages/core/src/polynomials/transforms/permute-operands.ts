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

/** Takes operand `from` out and puts it in again at position `to`; negative positions count from the end. */
export function moveOperand(parts: TensorProductParts, from: number, to: number): TensorProductParts {
  const count = parts.operands.length
  const [source, target] = [from, to].map((position) => (position < 0 ? position + count : position))
  const order = parts.operands.flatMap((_, k) => (k === source ? [] : [k]))
  if (source === undefined || target === undefined || order.length !== count - 1 || !(Number.isInteger(target) && target >= 0 && target < count))
    throw new PolynomialError(`moveOperand: cannot move operand ${from} to ${to}; '${parts.subscripts.text}' has ${count} operands`)
  order.splice(target, 0, source)
  return permuteOperands(parts, order)
}
