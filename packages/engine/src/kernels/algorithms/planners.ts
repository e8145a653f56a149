import { elementCount } from '../../array/shape.ts'
import { storageTypes, type Planner } from '../../compiled/planner.ts'
import type { AlgorithmName } from '../../primitives/names.ts'
import { neighborGraphPlanner } from '../neighbor-graph/plan.ts'
import { bincountPlan } from './bincount.ts'
import { compactPlan } from './compact.ts'
import { argsortPlan } from './sort.ts'

export const algorithmPlanners: { readonly [P in Exclude<AlgorithmName, 'random'>]: Planner<P> } = {
  argsort: {
    plan([{ dtype, shape }], _, __, target) {
      return argsortPlan({ key: storageTypes[dtype], rows: elementCount(shape.slice(0, -1)), extent: shape[shape.length - 1] ?? 1 }, target)
    },
  },
  bincount: { plan: ([{ shape }], { numBins }, _, target) => bincountPlan(elementCount(shape), numBins, target) },
  neighborGraph: neighborGraphPlanner,
  compact: { plan: ([{ shape }], _, __, target) => compactPlan(elementCount(shape), target) },
}
