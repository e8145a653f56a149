import type { PrimitiveName } from '../names.ts'
import type { ShapeRule } from '../rules.ts'
import { algorithmShapes } from './algorithms.ts'
import { controlFlowShapes } from './control-flow.ts'
import { customShapes } from './custom.ts'
import { binaryShapes, unaryShapes } from './elementwise.ts'
import { segmentedPolynomialShape } from './segmented-polynomial.ts'
import { structureShapes } from './structure.ts'

/** The shape rule of every primitive. */
export const shapeRules: { readonly [P in PrimitiveName]: ShapeRule<P> } = {
  ...unaryShapes,
  ...binaryShapes,
  ...structureShapes,
  ...algorithmShapes,
  ...customShapes,
  ...controlFlowShapes,
  segmentedPolynomial: segmentedPolynomialShape,
}
