import { InputError } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'
import { requireCount } from '../algorithms/checks.ts'
import { addOrder } from '../algorithms/order.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { scan } from '../reductions/scan.ts'
import { launchFill } from '../structure/moves.ts'
import { launchEdges } from './edges.ts'
import type { NeighborGrid } from './grid.ts'
import { launchCount, launchKeys, spareKeys, type ReceiverRange } from './search.ts'
import { launchGather, launchWrap, padding } from './wrap.ts'

/** An array that plans write. */
export interface PlannedArray {
  readonly name: string
  readonly scalar: kernels.StorageType
  readonly length: number
}

/**
 * The search of neighbours as plans that are run one after the other, with the same inputs and outputs; others may run between them.
 * How many edges there are is known after the first ones only.
 */
export interface NeighborListPlans {
  /**
   * Input 0: positions (`f64` [N, 3]). Outputs as in `found`: `starts` (`i32` [N + 1]; edges to atom i are those numbered
   * `starts[i] … starts[i + 1] − 1`, so the last one is the number of edges), `coincident` (`i32` [1]; N − i for the first atom i that is
   * at the same point as another, else 0), `cells` (`i32` [3, N], those that atoms are in), and what the others need.
   */
  readonly search: readonly lowering.Plan[]
  readonly found: readonly PlannedArray[]
  /**
   * Inputs: positions, then all outputs of the search. Outputs as in `edges`: of every edge the image of the sender (`i32` [E], see
   * `PackedEdges`) in the order of receivers, senders and unit shifts, and what else is needed.
   *
   * @throws {InputError} if that is no number of edges.
   */
  fill(numEdges: number): { readonly edges: readonly PlannedArray[]; readonly plans: readonly lowering.Plan[] }
}

/** Receivers of one plan: few enough for short turns on a processor. */
const atomsPerPlan = 2 ** 16

/**
 * Directed edges between all atoms that are nearer than the cutoff: `|r[receiver] − r[sender] + unitShift · basis| < cutoff`, as a
 * model computes it in float64; an atom's own images are neighbours, the atom itself is not. Atoms are wrapped into the cell and sorted
 * into bins; bins within reach are looked through twice, to count and to write.
 */
export function neighborListPlans(grid: NeighborGrid, target: lowering.Target): NeighborListPlans {
  const { numAtoms, bins } = grid
  const numBins = bins.reduce((product, count) => product * count, 1)
  const found: readonly PlannedArray[] = [
    { name: 'starts', scalar: 'i32', length: numAtoms + 1 },
    { name: 'coincident', scalar: 'i32', length: 1 },
    { name: 'cells', scalar: 'i32', length: 3 * numAtoms },
    { name: 'sorted', scalar: 'f32', length: 3 * (numAtoms + padding) },
    { name: 'names', scalar: 'i32', length: numAtoms + padding },
    { name: 'entries', scalar: 'i32', length: numAtoms },
    { name: 'binStarts', scalar: 'i32', length: numBins + 1 },
    { name: 'binOf', scalar: 'i32', length: numAtoms },
    { name: 'counts', scalar: 'i32', length: numAtoms + 1 },
  ]
  return { search: searchPlans(grid, numBins, target), found, fill: (numEdges) => fillPlans(grid, numEdges, target) }
}

const input = (index: number): lowering.Slot => ({ kind: 'input', index })
const output = (index: number): lowering.Slot => ({ kind: 'output', index })

function ranges(numAtoms: number): readonly ReceiverRange[] {
  return Array.from({ length: Math.ceil(numAtoms / atomsPerPlan) }, (_, k) => [k * atomsPerPlan, Math.min(numAtoms, (k + 1) * atomsPerPlan)])
}

function planOf(add: (plan: PlanBuilder) => void): lowering.Plan {
  const plan = new PlanBuilder()
  add(plan)
  return plan.build()
}

function searchPlans(grid: NeighborGrid, numBins: number, target: lowering.Target): readonly lowering.Plan[] {
  const { numAtoms } = grid
  const [positions, starts, coincident] = [input(0), output(0), output(1)]
  const [cells, sorted, names, entries, binStarts, binOf, counts] = [output(2), output(3), output(4), output(5), output(6), output(7), output(8)]
  const sort = planOf((plan) => {
    const homes = plan.temporary('f32', 3 * numAtoms)
    plan.launch(launchWrap(grid, [positions, cells, homes, binOf], target))
    addOrder(plan, { count: numAtoms, rows: numBins, indices: binOf, starts: binStarts, entries }, target)
    plan.launch(launchGather(grid, [homes, entries, sorted, names]))
    // The last count, which is no atom's, makes the sum of all appear behind the last start.
    for (const [slot, length] of [[counts, numAtoms + 1], [coincident, 1]] as const)
      for (const launch of launchFill('int32', [length], { strides: [1] }, target)) plan.launch({ ...launch, buffers: [slot] })
  })
  const buffers = [positions, sorted, names, entries, binStarts, binOf, cells, counts, coincident]
  const count = ranges(numAtoms).map((range) => planOf((plan) => plan.launch(launchCount(grid, range, buffers, target))))
  const sums = { scalar: 'i32', extents: [1, numAtoms + 1, 1], x: counts, y: starts, isExclusive: true, isReverse: false } as const
  const sum = planOf((plan) => scan(plan, sums, target))
  return [sort, ...count, sum]
}

function fillPlans(grid: NeighborGrid, numEdges: number, target: lowering.Target): ReturnType<NeighborListPlans['fill']> {
  requireCount('neighborListPlans', 'numEdges', numEdges)
  const { numAtoms } = grid
  const numKeys = numEdges + spareKeys * numAtoms
  if (numKeys >= 2 ** 31) throw new InputError(`neighborListPlans: ${numEdges} edges are more than can be numbered; split the structure, or use a smaller cutoff`)
  const edges: readonly PlannedArray[] = [
    { name: 'edges', scalar: 'i32', length: numEdges },
    { name: 'keys', scalar: 'i32', length: numKeys },
  ]
  if (numEdges === 0) return { edges, plans: [] }
  const [positions, starts, cells, sorted, names, entries, binStarts, binOf] = [input(0), input(1), input(3), input(4), input(5), input(6), input(7), input(8)]
  const [sortedKeys, keys] = [output(0), output(1)]
  const search = [positions, sorted, names, entries, binStarts, binOf, cells, starts, keys]
  const plans = [
    ...ranges(numAtoms).map((range) => planOf((plan) => plan.launch(launchKeys(grid, range, search, target)))),
    ...ranges(numAtoms).map((range) => planOf((plan) => plan.launch(launchEdges(range, [starts, keys, sortedKeys], target)))),
  ]
  return { edges, plans }
}
