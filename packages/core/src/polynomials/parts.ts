import type { SegmentedOperand } from './operand.ts'
import type { Path } from './path.ts'
import type { Subscripts } from './subscripts.ts'

/** What a segmented tensor product is made of; transformations map parts to parts. */
export interface TensorProductParts {
  readonly subscripts: Subscripts
  readonly operands: readonly SegmentedOperand[]
  readonly paths: readonly Path[]
}
