import type { Planner } from '../compiled/planner.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import { reductionPlanners } from './reductions/plan.ts'
import { scanPlanners } from './reductions/scan.ts'
import { countingPlanners } from './structure/counting.ts'
import { movePlanners } from './structure/moves.ts'
import { rowPlanners } from './structure/rows.ts'
import { elementwisePlanners } from './elementwise/planners.ts'

export type { ElementwiseDag, ElementwiseName, ElementwiseNode } from './elementwise/dag.ts'
export { launchElementwise, planElementwise, type ElementwiseLaunch, type Walk } from './elementwise/plan.ts'

export { compactPlan } from './algorithms/compact.ts'
export { histogramPlan } from './algorithms/histogram.ts'
export { orderPlan } from './algorithms/order.ts'
export { scanPlan, type ScanOptions } from './algorithms/scan.ts'
export { sortPlan, type SortKey } from './algorithms/sort.ts'
export { adamGraph, adamScalars, emaGraph, sgdGraph, type AdamOptions, type AdamSettings, type SgdOptions } from './optimizers/graphs.ts'
export * from './neighbor-list/index.ts'
export { philox } from './random/philox.ts'
export { randomNumbers, randomPlan, type Distribution, type RandomRequest } from './random/plan.ts'

/** How primitives are run by kernels; matrix products and polynomials are lowered elsewhere. */
export const planners: { readonly [P in Exclude<PrimitiveName, 'matmul' | 'segmentedPolynomial'>]: Planner<P> } = { ...elementwisePlanners, ...movePlanners, ...countingPlanners, ...rowPlanners, ...reductionPlanners, ...scanPlanners }
