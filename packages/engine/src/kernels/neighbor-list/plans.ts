import { InputError, type kernels, type lowering } from '@equivar/core'
import { addOrder } from '../algorithms/order.ts'
import { requireCount } from '../algorithms/checks.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { scan } from '../reductions/scan.ts'
import { launchFill } from '../structure/moves.ts'
import { launchEdges } from './edges.ts'
import type { NeighborGrid } from './grid.ts'
import { launchCount, launchKeys } from './search.ts'
import { launchGather, launchWrap } from './wrap.ts'

/** An array that a plan writes. */
export interface PlannedArray {
  readonly name: string
  readonly scalar: kernels.StorageType
  readonly length: number
}

/** The search of neighbours as two plans, because how many edges there are is known only between them. */
export interface NeighborListPlans {
  /**
   * Input 0: positions (`f64` [N, 3]). Outputs as in `searchOutputs`: `starts` (`i32` [N + 1]; edges to atom i are those numbered
   * `starts[i] … starts[i + 1] − 1`, so the last one is the number of edges), `coincident` (`i32` [1]; not 0 if two atoms are at the
   * same point, and the list is then worthless), and what the second plan needs.
   */
  readonly search: lowering.Plan
  readonly searchOutputs: readonly PlannedArray[]
  /**
   * Inputs: positions, then all outputs of the search. Outputs: `senders`, `receivers` (`i32` [E]) and `unitShifts` (`i32` [E, 3]),
   * sorted by receiver, then sender, then unit shift.
   *
   * @throws {InputError} if that is no number of edges.
   */
  fill(numEdges: number): lowering.Plan
}

/**
 * Directed edges between all atoms that are nearer than the cutoff: `|r[receiver] − r[sender] + unitShift · basis| < cutoff`, as a
 * model computes it in float64; an atom's own images are neighbours, the atom itself is not. Atoms are wrapped into the cell and sorted
 * into bins; bins within reach are looked through twice, to count and to write.
 */
export function neighborListPlans(grid: NeighborGrid, target: lowering.Target): NeighborListPlans {
  const { numAtoms, bins } = grid
  const numBins = bins.reduce((product, count) => product * count, 1)
  const searchOutputs: readonly PlannedArray[] = [
    { name: 'starts', scalar: 'i32', length: numAtoms + 1 },
    { name: 'coincident', scalar: 'i32', length: 1 },
    { name: 'cells', scalar: 'i32', length: 3 * numAtoms },
    { name: 'sorted', scalar: 'f64', length: 3 * numAtoms },
    { name: 'entries', scalar: 'i32', length: numAtoms },
    { name: 'binStarts', scalar: 'i32', length: numBins + 1 },
    { name: 'binOf', scalar: 'i32', length: numAtoms },
  ]
  return { search: searchPlan(grid, numBins, target), searchOutputs, fill: (numEdges) => fillPlan(grid, numEdges, target) }
}

const input = (index: number): lowering.Slot => ({ kind: 'input', index })
const output = (index: number): lowering.Slot => ({ kind: 'output', index })

function searchPlan(grid: NeighborGrid, numBins: number, target: lowering.Target): lowering.Plan {
  const { numAtoms } = grid
  const [positions, starts, coincident] = [input(0), output(0), output(1)]
  const [cells, sorted, entries, binStarts, binOf] = [output(2), output(3), output(4), output(5), output(6)]
  const plan = new PlanBuilder()
  const [homes, counts] = [plan.temporary('f64', 3 * numAtoms), plan.temporary('i32', numAtoms + 1)]
  plan.launch(launchWrap(grid, [positions, cells, homes, binOf], target))
  addOrder(plan, { count: numAtoms, rows: numBins, indices: binOf, starts: binStarts, entries }, target)
  plan.launch(launchGather(grid, [homes, entries, sorted]))
  // The last count, which is no atom's, makes the sum of all appear behind the last start.
  for (const [slot, length] of [[counts, numAtoms + 1], [coincident, 1]] as const)
    for (const launch of launchFill('int32', [length], { strides: [1] }, target)) plan.launch({ ...launch, buffers: [slot] })
  plan.launch(launchCount(grid, [positions, sorted, entries, binStarts, binOf, cells, counts, coincident]))
  scan(plan, { scalar: 'i32', extents: [1, numAtoms + 1, 1], x: counts, y: starts, isExclusive: true, isReverse: false }, target)
  return plan.build()
}

function fillPlan(grid: NeighborGrid, numEdges: number, target: lowering.Target): lowering.Plan {
  requireCount('neighborListPlans', 'numEdges', numEdges)
  if (3 * numEdges >= 2 ** 31) throw new InputError(`neighborListPlans: ${numEdges} edges are more than can be numbered; split the structure, or use a smaller cutoff`)
  const plan = new PlanBuilder()
  if (numEdges === 0) return plan.build()
  const [positions, starts, cells, sorted, entries, binStarts, binOf] = [input(0), input(1), input(3), input(4), input(5), input(6), input(7)]
  const keys = plan.temporary('u32', numEdges)
  plan.launch(launchKeys(grid, [positions, sorted, entries, binStarts, binOf, cells, starts, keys]))
  plan.launch(launchEdges(grid, numEdges, [cells, starts, keys], [output(0), output(1), output(2)], target))
  return plan.build()
}
