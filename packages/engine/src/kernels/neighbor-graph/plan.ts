import type { lowering } from '@equivar/core'
import type { Planner } from '../../compiled/planner.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { spareKeys } from '../neighbor-list/search.ts'
import { scan } from '../reductions/scan.ts'
import { launchLink, launchPlace } from './edges.ts'
import { launchRestOfEdges, launchRestOfPairs } from './rest.ts'
import { launchWalk, numCountRows } from './walk.ts'

/** The outputs of the primitive by name. Those behind the status are parts of orders. */
export const graphOutputs = {
  senders: 0,
  receivers: 1,
  images: 2,
  pairOfEdge: 3,
  edgeOfPair: 4,
  status: 5,
  starts: 6,
  reverse: 7,
  identity: 8,
  pairStarts: 9,
  pairEntries: 10,
  edgeStarts: 11,
} as const

type GraphOutput = keyof typeof graphOutputs

/** Orders of outputs, by the outputs that hold them: the number of rows is the length of `rows`, one less for `starts`. */
export const graphOrders: readonly { readonly of: GraphOutput; readonly rows: GraphOutput; readonly starts: GraphOutput; readonly entries: GraphOutput }[] = [
  { of: 'receivers', rows: 'starts', starts: 'starts', entries: 'identity' },
  { of: 'senders', rows: 'starts', starts: 'starts', entries: 'reverse' },
  { of: 'pairOfEdge', rows: 'edgeOfPair', starts: 'pairStarts', entries: 'pairEntries' },
  { of: 'edgeOfPair', rows: 'senders', starts: 'edgeStarts', entries: 'identity' },
]

const output = (name: GraphOutput): lowering.Slot => ({ kind: 'output', index: graphOutputs[name] })

/** Edges by a walk over bins, their reverses and pairs, and the orders of all of these, in a few launches that depend on sizes alone. */
export const neighborGraphPlanner: Planner<'neighborGraph'> = {
  plan([, , , , shifts], { numPairs, slots: asked }, [, , , , , , starts], target) {
    const slots = Math.ceil(asked / spareKeys) * spareKeys
    const sizes = { numAtoms: (starts?.shape[0] ?? 1) - 1, slots, numImages: shifts?.shape[0] ?? 1, numPairs }
    const { numAtoms } = sizes
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
  },
}
