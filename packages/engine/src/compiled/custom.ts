import { InternalError } from '@equivar/core'
import { forwardRefused } from '../naive/custom.ts'
import type { CustomName } from '../primitives/names.ts'
import type { Planner } from './planner.ts'

/** Nothing of these is left where kernels run. */
export const customPlanners: { readonly [P in CustomName]: Planner<P> } = {
  custom: {
    plan(_, { rule }) {
      throw new InternalError(`${rule.name}: a custom rule was to be run by kernels`)
    },
  },
  customLinear: {
    plan(_, { transpose }) {
      throw forwardRefused(transpose.name)
    },
  },
}
