import { InputError, type BackendDevice, type Binding } from '@equivar/core'
import { targetOf } from '../../compiled/backend.ts'
import { runPlan } from '../../compiled/run-plan.ts'
import { allocateBytes } from '../../memory/allocate.ts'
import { neighborGrid, type NeighborGrid, type NeighborProblem } from './grid.ts'
import { neighborListPlans, type PlannedArray } from './plans.ts'

/**
 * Directed edges, sorted by receiver, then sender, then unit shift: `vector[e] = r[receiver] − r[sender] + unitShift · basis` is shorter
 * than the cutoff.
 */
export interface FoundNeighbors {
  readonly numEdges: number
  /** [numEdges] */
  readonly senders: Int32Array
  /** [numEdges] */
  readonly receivers: Int32Array
  /** [numEdges, 3] */
  readonly unitShifts: Int32Array
}

export interface FindOptions {
  /** More edges than this are refused; max(2²⁴, 256 N) by default. */
  readonly maxEdges?: number
}

const bytesPerElement = { f32: 4, f64: 8, i32: 4, u32: 4 } as const

/**
 * All pairs nearer than the cutoff by kernels of a device; see `neighborListPlans`. Worth it for hundreds of atoms and more.
 *
 * @throws {InputError} if the problem is refused by `neighborGrid`, two atoms are at the same point (both are named), or there are too
 * many edges.
 * @throws {DeviceError} if there is no memory.
 */
export async function findNeighbors(device: BackendDevice, problem: NeighborProblem, { maxEdges }: FindOptions = {}): Promise<FoundNeighbors> {
  const grid = neighborGrid(problem)
  const { numAtoms } = grid
  if (numAtoms === 0) return { numEdges: 0, senders: new Int32Array(), receivers: new Int32Array(), unitShifts: new Int32Array() }
  const plans = neighborListPlans(grid, targetOf(device))
  const held: Binding[] = []
  const allocate = ({ name, scalar, length }: PlannedArray): Binding => {
    const binding = allocateBytes(device, length * bytesPerElement[scalar], () => `${name} of the neighbours of ${numAtoms} atoms`)
    held.push(binding)
    return binding
  }
  const run = (plan: Parameters<typeof runPlan>[1], inputs: readonly Binding[], outputs: readonly Binding[]) => {
    runPlan(device, plan, { input: (index) => required(inputs[index]), outputs, order: () => required(undefined) })
  }
  try {
    const positions = allocate({ name: 'positions', scalar: 'f64', length: 3 * numAtoms })
    device.write(positions, problem.positions)
    const found = plans.searchOutputs.map(allocate)
    run(plans.search, [positions], found)
    const numEdges = (await read(device, required(found[0])))[numAtoms] ?? 0
    const coincident = (await read(device, required(found[1])))[0] ?? 0
    if (coincident > 0) throw coincidence(problem, grid, coincident - 1)
    const most = maxEdges ?? Math.max(2 ** 24, 256 * numAtoms)
    // Sums that leave 32 bits come back negative.
    if (numEdges < 0 || numEdges > most)
      throw new InputError(`${numAtoms} atoms with a cutoff of ${grid.cutoff} Å make ${numEdges < 0 ? 'more than 2^31' : numEdges} edges, more than the limit of ${most}; check positions, cell and units (Å), or raise maxEdges`)
    const edges = [1, 1, 3].map((width, k) => allocate({ name: `edges (${k + 1} of 3)`, scalar: 'i32', length: width * numEdges }))
    run(plans.fill(numEdges), [positions, ...found], edges)
    const [senders, receivers, unitShifts] = await Promise.all(edges.map((binding) => read(device, binding)))
    const none = new Int32Array()
    return { numEdges, senders: senders ?? none, receivers: receivers ?? none, unitShifts: unitShifts ?? none }
  } finally {
    for (const { memory } of held) memory.release()
  }
}

function required(binding: Binding | undefined): Binding {
  if (!binding) throw new RangeError('a plan names memory that the search does not have')
  return binding
}

async function read(device: BackendDevice, binding: Binding): Promise<Int32Array> {
  return binding.byteLength === 0 ? new Int32Array() : new Int32Array(await device.read(binding))
}

/** Names the other atom, too. */
function coincidence({ positions, basis }: NeighborProblem, { numAtoms, inverse, pbc }: NeighborGrid, receiver: number): InputError {
  const at = (vector: ArrayLike<number>, i: number, k: number) => vector[3 * i + k] ?? 0
  for (let sender = 0; sender < numAtoms; sender++) {
    const difference = [0, 1, 2].map((k) => at(positions, receiver, k) - at(positions, sender, k))
    const shift = [0, 1, 2].map((axis) => (pbc[axis] ? -Math.round(difference.reduce((sum, d, k) => sum + d * at(inverse, axis, k), 0)) : 0))
    if (sender === receiver) continue
    const rest = difference.map((d, k) => d + ((shift[0] ?? 0) * at(basis, 0, k) + (shift[1] ?? 0) * at(basis, 1, k) + (shift[2] ?? 0) * at(basis, 2, k)))
    if (rest.some((d) => d !== 0)) continue
    const image = shift.some((s) => s !== 0) ? ` (through the periodic image [${shift.map((s) => s + 0).join(', ')}])` : ''
    return new InputError(`atoms ${Math.min(sender, receiver)} and ${Math.max(sender, receiver)} are at the same point${image}; remove or move one of them`)
  }
  return new InputError(`atom ${receiver} is at the same point as another; remove or move one of them`)
}
