import { PolynomialError } from '../errors.ts'
import type { SegmentedOperand } from './operand.ts'
import type { TensorProductParts } from './parts.ts'
import type { PolynomialParts, Term } from './polynomial-parts.ts'
import { SegmentedTensorProduct } from './segmented-tensor-product.ts'

/**
 * Transforms every tensor product of a polynomial, and the buffers with them. A buffer becomes what the transformation makes
 * of the operands that are this buffer; one that no operation uses becomes what `unused` makes of it.
 *
 * @throws {PolynomialError} if two operations make different things of one buffer.
 */
export function mapProducts(
  parts: PolynomialParts,
  transform: (product: SegmentedTensorProduct) => TensorProductParts,
  unused?: (operand: SegmentedOperand) => SegmentedOperand,
): PolynomialParts {
  return mapTerms(parts, ([operation, product]) => [operation, SegmentedTensorProduct.fromParts(transform(product))], unused)
}

/** {@link mapProducts} for operations and products together; terms that become `undefined` are dropped. */
export function mapTerms(
  { inputs, outputs, operations }: PolynomialParts,
  transform: (term: Term, index: number) => Term | undefined,
  unused: (operand: SegmentedOperand) => SegmentedOperand = (operand) => operand,
): PolynomialParts {
  const buffers = new Map<number, SegmentedOperand>()
  const mapped = operations.flatMap((term, index) => {
    const changed = transform(term, index)
    if (!changed) return []
    const [operation, product] = changed
    for (const [k, buffer] of operation.buffers.entries()) {
      const operand = product.operands[k]
      const known = buffers.get(buffer)
      if (!operand) continue
      if (known && !known.equals(operand))
        throw new PolynomialError(`operations make different segments of buffer ${buffer}: ${known.toString()} and ${operand.toString()}; transform the tensor products one by one`)
      buffers.set(buffer, operand)
    }
    return [changed]
  })
  const pick = (operand: SegmentedOperand, buffer: number) => buffers.get(buffer) ?? unused(operand)
  return {
    inputs: inputs.map((operand, i) => pick(operand, i)),
    outputs: outputs.map((operand, o) => pick(operand, inputs.length + o)),
    operations: mapped,
  }
}
