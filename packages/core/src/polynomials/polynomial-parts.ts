import type { SegmentedOperand } from './operand.ts'
import type { Operation } from './operation.ts'
import type { SegmentedTensorProduct } from './segmented-tensor-product.ts'

/** One summand of a polynomial: a tensor product, and the buffers its operands are. */
export type Term = readonly [Operation, SegmentedTensorProduct]

/** What a segmented polynomial is made of; transformations map parts to parts. */
export interface PolynomialParts {
  readonly inputs: readonly SegmentedOperand[]
  readonly outputs: readonly SegmentedOperand[]
  readonly operations: readonly Term[]
}
