import { InputError } from '@equivar/core'
import type { CustomName } from '../primitives/names.ts'
import type { Evaluator } from './tensor.ts'

export const customEvaluators: { readonly [P in CustomName]: Evaluator<P> } = {
  custom: { evaluate: (inputs, { numOutputs }) => inputs.slice(0, numOutputs).map(({ data }) => data) },
  customLinear: {
    evaluate(_, { transpose }) {
      throw forwardRefused(transpose.name)
    },
  },
}

/** What has a reverse rule only cannot be differentiated forward. */
export function forwardRefused(name: string): InputError {
  return new InputError(`${name}: has a custom reverse rule only, and forward mode (jvp, jacfwd, hessian) was asked for; use reverse mode, or customJvp, which serves both`)
}
