import type { PrimitiveName } from '../primitives/names.ts'
import { algorithmEvaluators } from './algorithms.ts'
import { controlFlowEvaluators } from './control-flow.ts'
import { customEvaluators } from './custom.ts'
import { binaryEvaluators, unaryEvaluators } from './elementwise.ts'
import { segmentedPolynomialEvaluator } from './segmented/evaluate.ts'
import { structureEvaluators } from './structure.ts'
import type { Evaluator } from './tensor.ts'

/** Method `naive`: every primitive in plain TypeScript on the host. The oracle of all other methods. */
export const evaluators: { readonly [P in PrimitiveName]: Evaluator<P> } = {
  ...unaryEvaluators,
  ...binaryEvaluators,
  ...structureEvaluators,
  ...algorithmEvaluators,
  ...customEvaluators,
  ...controlFlowEvaluators,
  segmentedPolynomial: segmentedPolynomialEvaluator,
}
