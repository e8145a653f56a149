import { elementCount } from '../../array/shape.ts'
import { storageTypes, type Planner } from '../../compiled/planner.ts'
import type { AlgorithmName } from '../../primitives/names.ts'
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
  neighborGraph: {
    plan([, , , , shifts], { numPairs, slots, plan }, [, , , , , , starts], target) {
      return plan({ numAtoms: (starts?.shape[0] ?? 1) - 1, numImages: shifts?.shape[0] ?? 1, numPairs, slots }, target)
    },
  },
  compact: { plan: ([{ shape }], _, __, target) => compactPlan(elementCount(shape), target) },
}
