import { bytesPerElement, DeviceError, InputError, type BackendDevice, type Binding } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import { targetOf } from '../../compiled/backend.ts'
import { runPlan } from '../../compiled/run-plan.ts'
import { allocateBytes } from '../../memory/allocate.ts'
import { neighborGrid, type NeighborGrid, type NeighborProblem } from './grid.ts'
import { neighborListPlans, type PlannedArray } from './plans.ts'
import { unpackEdges } from './unpack.ts'

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
  readonly maxEdges?: number | undefined
  /** Called between parts of the work: a chance to let other tasks run, or to end it by an error. */
  readonly pause?: (() => Promise<void>) | undefined
}

/**
 * All pairs nearer than the cutoff, `|r[receiver] − r[sender] + unitShift · basis| < cutoff` in float64, by kernels of a device: the same
 * edges in the same order on every device and for any number of threads. Periodic images of the receiver are neighbours, too, the
 * receiver itself is not. Worth it for hundreds of atoms and more.
 *
 * @throws {InputError} if the cutoff is not positive, positions are not finite or too far away to be precise, the basis is singular, more
 * images are near than kernels can number (2³¹ of all atoms together), lengths are beyond single precision, more than 4,096 atoms are
 * spread so thinly that most of space is empty, two atoms are at the same point (both are named), or there are too many edges.
 * @throws {DeviceError} if the device has no memory, or no float64.
 * @throws what `pause` throws.
 */
export async function findNeighbors(device: BackendDevice, problem: NeighborProblem, { maxEdges, pause }: FindOptions = {}): Promise<FoundNeighbors> {
  const { name, capabilities } = device
  if (!capabilities.floats.includes('f64')) throw new DeviceError(`findNeighbors: device '${name}' has no float64, which decides what is near; use device 'cpu'`)
  const grid = neighborGrid(problem)
  const { numAtoms } = grid
  const most = maxEdges ?? Math.max(2 ** 24, 256 * numAtoms)
  if (grid.fewestEdges > 2 * most) throw tooMany(grid, `about ${grid.fewestEdges.toExponential(1)}`, most)
  if (numAtoms === 0) return { numEdges: 0, senders: new Int32Array(), receivers: new Int32Array(), unitShifts: new Int32Array() }
  const plans = neighborListPlans(grid, targetOf(device))
  const held: Binding[] = []
  const allocate = ({ name, scalar, length }: PlannedArray): Binding => {
    const binding = allocateBytes(device, length * bytesPerElement[scalar], () => `${name} of the neighbours of ${numAtoms} atoms`)
    held.push(binding)
    return binding
  }
  const run = async (parts: readonly lowering.Plan[], inputs: readonly Binding[], outputs: readonly Binding[]) => {
    for (const plan of parts) {
      await pause?.()
      runPlan(device, plan, { input: (index) => required(inputs[index]), outputs, order: () => required(undefined) })
    }
  }
  try {
    const positions = allocate({ name: 'positions', scalar: 'f64', length: 3 * numAtoms })
    device.write(positions, problem.positions)
    const found = plans.found.map(allocate)
    await run(plans.search, [positions], found)
    const [starts, coincident, cells] = await Promise.all([0, 1, 2].map((k) => read(device, required(found[k]))))
    if (!starts || !coincident || !cells) throw new RangeError('a search reads three arrays')
    const numEdges = starts[numAtoms] ?? 0
    if (coincident[0]) throw coincidence(problem, grid, numAtoms - coincident[0])
    if (!isAscending(starts)) throw tooMany(grid, 'more than 2^31', most)
    if (numEdges > most) throw tooMany(grid, `${numEdges}`, most)
    const filling = plans.fill(numEdges)
    const filled = filling.edges.map(allocate)
    await run(filling.plans, [positions, ...found], filled)
    await pause?.()
    const packed = required(filled[0])
    return unpackEdges(grid, { numEdges, starts, cells, edges: inPlace(device, packed) ?? (await read(device, packed)) })
  } finally {
    for (const { memory } of held) memory.release()
  }
}

function tooMany({ numAtoms, cutoff }: NeighborGrid, count: string, most: number): InputError {
  return new InputError(`findNeighbors: ${numAtoms} atoms with a cutoff of ${cutoff} Å make ${count} edges, more than the limit of ${most}; check positions, cell and units (Å), or raise maxEdges`)
}

function required(binding: Binding | undefined): Binding {
  if (!binding) throw new RangeError('a plan names memory that the search does not have')
  return binding
}

async function read(device: BackendDevice, binding: Binding): Promise<Int32Array> {
  return binding.byteLength === 0 ? new Int32Array() : new Int32Array(await device.read(binding))
}

/** Where host and device share memory; good until the next call on the device. */
function inPlace(device: BackendDevice, binding: Binding): Int32Array | undefined {
  const bytes = device.view?.(binding)
  return bytes && new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}

/** Sums that leave 32 bits do not ascend. */
function isAscending(starts: Int32Array): boolean {
  for (let i = 1; i < starts.length; i++) if ((starts[i] ?? 0) < (starts[i - 1] ?? 0)) return false
  return true
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
    return new InputError(`findNeighbors: atoms ${Math.min(sender, receiver)} and ${Math.max(sender, receiver)} are at the same point${image}; remove or move one of them`)
  }
  return new InputError(`findNeighbors: atom ${receiver} is at the same point as another; remove or move one of them`)
}
