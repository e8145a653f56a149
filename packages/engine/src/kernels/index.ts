import type { Planner } from '../compiled/planner.ts'
import type { ControlFlowName, CustomName, PrimitiveName } from '../primitives/names.ts'
import { algorithmPlanners } from './algorithms/planners.ts'
import { randomPlanner } from './random/plan.ts'
import { reductionPlanners } from './reductions/plan.ts'
import { scanPlanners } from './reductions/scan.ts'
import { countingPlanners } from './structure/counting.ts'
import { movePlanners } from './structure/moves.ts'
import { rowPlanners } from './structure/rows.ts'
import { elementwisePlanners } from './elementwise/planners.ts'

export type { ElementwiseDag, ElementwiseName, ElementwiseNode } from './elementwise/dag.ts'
export { launchElementwise, planElementwise } from './elementwise/plan.ts'

export { orderPlan } from './algorithms/order.ts'
export { graphOrders, graphOutputs } from './neighbor-graph/outputs.ts'

/** How primitives are run by kernels; matrix products and polynomials are lowered elsewhere. */
export const planners: { readonly [P in Exclude<PrimitiveName, 'matmul' | 'segmentedPolynomial' | CustomName | ControlFlowName>]: Planner<P> } = {
  ...elementwisePlanners,
  ...movePlanners,
  ...countingPlanners,
  ...rowPlanners,
  ...reductionPlanners,
  ...scanPlanners,
  ...algorithmPlanners,
  random: randomPlanner,
}
