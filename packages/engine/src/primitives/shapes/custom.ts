import type { CustomName } from '../names.ts'
import type { ShapeRule } from '../rules.ts'

export const customShapes: { readonly [P in CustomName]: ShapeRule<P> } = {
  custom: { shape: (inputs, { numOutputs }) => inputs.slice(0, numOutputs) },
  customLinear: { shape: (_, { results }) => results },
}
