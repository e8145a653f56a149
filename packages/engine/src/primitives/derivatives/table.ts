import type { PrimitiveName } from '../names.ts'
import type { DerivativeRules } from '../rules.ts'
import { algorithmDerivatives } from './algorithms.ts'
import { binaryDerivatives } from './binary.ts'
import { controlFlowDerivatives } from './control-flow.ts'
import { customDerivatives } from './custom.ts'
import { segmentedPolynomialDerivatives } from './segmented-polynomial.ts'
import { structureDerivatives } from './structure.ts'
import { unaryDerivatives } from './unary.ts'

/** The derivative rules of every primitive; a primitive without them does not compile. */
export const derivativeRules: { readonly [P in PrimitiveName]: DerivativeRules<P> } = {
  ...unaryDerivatives,
  ...binaryDerivatives,
  ...structureDerivatives,
  ...algorithmDerivatives,
  ...customDerivatives,
  ...controlFlowDerivatives,
  segmentedPolynomial: segmentedPolynomialDerivatives,
}
