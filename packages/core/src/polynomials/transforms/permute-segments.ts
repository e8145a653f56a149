import { PolynomialError } from '../../errors.ts'
import { SegmentedOperand } from '../operand.ts'
import type { TensorProductParts } from '../parts.ts'

/** Segment i of the operand becomes what was segment `order[i]`. @throws {PolynomialError} unless `order` is a permutation. */
export function permuteSegments({ subscripts, operands, paths }: TensorProductParts, operand: number, order: readonly number[]): TensorProductParts {
  const own = operands[operand]
  if (!own) throw new PolynomialError(`permuteSegments: '${subscripts.text}' has no operand ${operand}; it has ${operands.length}`)
  const positions = new Map(order.map((old, position) => [old, position]))
  if (order.length !== own.numSegments || own.segments.some((_, i) => !positions.has(i)))
    throw new PolynomialError(`permuteSegments: [${order.join(', ')}] is not a permutation of the ${own.numSegments} segments of operand ${operand}`)
  const permuted = new SegmentedOperand(
    order.map((old) => own.segments[old] ?? []),
    own.ndim,
  )
  return {
    subscripts,
    operands: operands.map((other, k) => (k === operand ? permuted : other)),
    paths: paths.map((path) => path.withIndices(path.indices.map((segment, k) => (k === operand ? (positions.get(segment) ?? 0) : segment)))),
  }
}
