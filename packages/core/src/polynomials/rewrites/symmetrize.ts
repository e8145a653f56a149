import type { PolynomialParts, Term } from '../polynomial-parts.ts'
import type { TensorProductParts } from '../parts.ts'
import { SegmentedTensorProduct } from '../segmented-tensor-product.ts'
import { repeatedFactors } from '../terms.ts'
import { areInterchangeable, sortIndicesForIdenticalOperands } from '../transforms/sort-identical.ts'
import { symmetrizeOperands } from '../transforms/symmetrize-operands.ts'

/**
 * Makes products symmetric in factors that are one buffer. Factors with different subscripts or with coefficient modes
 * cannot be exchanged and stay as they are.
 */
export function symmetrizeForIdenticalOperands(parts: PolynomialParts): PolynomialParts {
  return onRepeatedFactors(parts, (product, factors) => symmetrizeOperands(product, factors))
}

/** Opposite of {@link symmetrizeForIdenticalOperands}: of all orders of equal factors, one path in ascending order. */
export function unsymmetrizeForIdenticalOperands(parts: PolynomialParts): PolynomialParts {
  return onRepeatedFactors(parts, sortIndicesForIdenticalOperands)
}

function onRepeatedFactors(
  { inputs, outputs, operations }: PolynomialParts,
  rewrite: (product: TensorProductParts, factors: readonly number[]) => TensorProductParts,
): PolynomialParts {
  const rewritten = operations.map(([operation, product]): Term => {
    const exchangeable = repeatedFactors(operation).filter((factors) => areInterchangeable(product, factors))
    return [operation, SegmentedTensorProduct.fromParts(exchangeable.reduce<TensorProductParts>(rewrite, product))]
  })
  return { inputs, outputs, operations: rewritten }
}
