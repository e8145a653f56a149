import type * as lowering from '@equivar/core/lowering'
import type { NeighborGraphSizes } from '../../primitives/names.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { spareKeys } from '../neighbor-list/search.ts'
import { scan } from '../reductions/scan.ts'
import { launchLink, launchPlace } from './edges.ts'
import { type GraphOutput, graphOutputs } from './outputs.ts'
import { launchRestOfEdges, launchRestOfPairs } from './rest.ts'
import { launchWalk, numCountRows } from './walk.ts'

const output = (name: GraphOutput): lowering.Slot => ({ kind: 'output', index: graphOutputs[name] })

/** Edges by a walk over bins, their reverses and pairs, and the orders of all of these, in a few launches that depend on sizes alone. */
export function neighborGraphPlan({ slots: asked, ...given }: NeighborGraphSizes, target: lowering.Target): lowering.Plan {
  const sizes = { ...given, slots: Math.ceil(asked / spareKeys) * spareKeys }
  const { numAtoms, numPairs, slots } = sizes
  const inputs = [0, 1, 2, 3, 4].map((index): lowering.Slot => ({ kind: 'input', index }))
  const plan = new PlanBuilder()
  const [keys, sorted] = [plan.temporary('i32', numAtoms * slots), plan.temporary('i32', 2 * numPairs)]
  const [counts, sums] = [plan.temporary('i32', numCountRows * (numAtoms + 1)), plan.temporary('i32', numCountRows * (numAtoms + 1))]
  plan.launch(launchWalk(sizes, [...inputs, keys, counts], target))
  scan(plan, { scalar: 'i32', extents: [numCountRows, numAtoms + 1, 1], x: counts, y: sums, isExclusive: true, isReverse: false }, target)
  const [senders, receivers, images] = [output('senders'), output('receivers'), output('images')]
  plan.launch(launchPlace(sizes, [sums, keys, sorted, senders, receivers, images, output('starts')], target))
  const [reverse, pairOfEdge, edgeOfPair] = [output('reverse'), output('pairOfEdge'), output('edgeOfPair')]
  const [pairEntries, edgeStarts] = [output('pairEntries'), output('edgeStarts')]
  plan.launch(launchLink(sizes, [sums, output('starts'), sorted, reverse, pairOfEdge, edgeOfPair, pairEntries, edgeStarts], target))
  plan.launch(launchRestOfEdges(sizes, [sums, senders, receivers, images, pairOfEdge, reverse, pairEntries, output('identity')], target))
  plan.launch(launchRestOfPairs(sizes, [sums, edgeOfPair, output('pairStarts'), edgeStarts, output('status')], target))
  return plan.build()
}
