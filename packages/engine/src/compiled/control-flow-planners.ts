import { runsOthers } from '../naive/control-flow.ts'
import type { ControlFlowName } from '../primitives/names.ts'
import type { Planner } from './planner.ts'

export const controlFlowPlanners: { readonly [P in ControlFlowName]: Planner<P> } = {
  scan: { plan: runsOthers },
  whileLoop: { plan: runsOthers },
  cond: { plan: runsOthers },
}
