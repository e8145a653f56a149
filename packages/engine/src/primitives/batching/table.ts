import type { PrimitiveName } from '../names.ts'
import { algorithmBatching } from './algorithms.ts'
import { controlFlowBatching } from './control-flow.ts'
import { customBatching } from './custom.ts'
import { elementwiseBatching } from './elementwise.ts'
import type { BatchingRule } from './rules.ts'
import { segmentedPolynomialBatching } from './segmented-polynomial.ts'
import { structureBatching } from './structure.ts'

/** How every primitive is mapped over entries; one that was forgotten does not compile. */
export const batchingRules: { readonly [P in PrimitiveName]: BatchingRule<P> } = {
  ...elementwiseBatching,
  ...structureBatching,
  ...algorithmBatching,
  ...customBatching,
  ...controlFlowBatching,
  segmentedPolynomial: segmentedPolynomialBatching,
}
