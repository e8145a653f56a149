import { InputError } from '@equivar/core'
import { pauseIfDue, throwIfAborted } from './cooperation.ts'
import { HashGrid } from './hash-grid.ts'
import { periodicImages, type Images } from './images.ts'
import type { Structure } from './structure.ts'
import { rows } from './vectors.ts'

/**
 * Directed edges of a structure, sorted by receiver, then sender, then unit shift.
 *
 * `vector[e] = r[receiver] − r[sender] + unitShift · cell`, and 0 < |vector| < cutoff, strictly.
 */
export interface NeighborList {
  readonly numEdges: number
  /** Atom that sends along the edge, shape (E). */
  readonly senders: Int32Array
  /** Atom that receives, ascending, shape (E). */
  readonly receivers: Int32Array
  /** Integer multiples of the lattice vectors, shape (E, 3); zero along axes that are not periodic. */
  readonly unitShifts: Int32Array
}

export interface NeighborListOptions {
  readonly signal?: AbortSignal | undefined
  /** More edges than this are refused; default max(2^24, 256 N). */
  readonly maxEdges?: number | undefined
}

/** Receivers handled between two looks at the clock and the abort signal. */
const blockSize = 2048
/** Receivers whose neighbours are counted beforehand to foresee how many edges there will be. */
const sampleSize = 64

/**
 * All pairs closer than the cutoff, as a full directed list: i→j and j→i, with every periodic image and an atom's own
 * images, but without the edge from an atom to itself.
 *
 * Any cell shape and handedness, cells smaller than the cutoff, any mix of periodic axes, atoms anywhere. Time and
 * memory are linear in atoms and edges.
 *
 * @param cutoff Å, positive.
 * @throws InputError when two atoms stand at the same point (both are named), the cutoff is not a positive number, or
 * there would be more than `maxEdges` edges or absurdly many periodic images.
 * @throws the signal's reason once it is aborted.
 */
export function neighborList(structure: Structure, cutoff: number, options: NeighborListOptions = {}): NeighborList {
  const search = new NeighborSearch(structure, cutoff, options)
  while (!search.done) {
    throwIfAborted(options.signal)
    search.advance(blockSize)
  }
  return search.finish()
}

/** {@link neighborList} that lets other work, an abort for example, run in between. */
export async function searchInTurns(structure: Structure, cutoff: number, options: NeighborListOptions): Promise<NeighborList> {
  throwIfAborted(options.signal)
  const search = new NeighborSearch(structure, cutoff, options)
  while (!search.done) {
    await pauseIfDue(options.signal)
    search.advance(blockSize)
  }
  return search.finish()
}

class NeighborSearch {
  readonly #structure: Structure
  readonly #cutoff: number
  readonly #maxEdges: number
  readonly #images: Images
  readonly #grid: HashGrid
  readonly #lattice: Float64Array
  #senders: Int32Array<ArrayBuffer>
  #receivers: Int32Array<ArrayBuffer>
  #unitShifts: Int32Array<ArrayBuffer>
  #numEdges = 0
  #next = 0
  /** Image numbers near the current receiver. */
  #near = new Int32Array(1024)

  constructor(structure: Structure, cutoff: number, options: NeighborListOptions) {
    if (!(cutoff > 0 && cutoff < Infinity)) throw new InputError(`the cutoff is ${cutoff}; expected a positive number of Å`)
    this.#structure = structure
    this.#cutoff = cutoff
    this.#maxEdges = options.maxEdges ?? Math.max(2 ** 24, 256 * structure.numAtoms)
    // Unit shifts are zero along non-periodic axes, so the rows there do not matter.
    this.#lattice = structure.cell ?? new Float64Array(9)
    this.#images = periodicImages(structure, cutoff)
    this.#grid = new HashGrid(this.#images.x, this.#images.y, this.#images.z, cutoff + 2 * this.#images.slack)
    const expected = this.#foresee()
    if (expected > 2 * this.#maxEdges) this.#refuse(expected)
    const capacity = Math.min(this.#maxEdges, Math.ceil(1.1 * expected) + 1024)
    this.#senders = new Int32Array(capacity)
    this.#receivers = new Int32Array(capacity)
    this.#unitShifts = new Int32Array(3 * capacity)
  }

  get done(): boolean {
    return this.#next >= this.#structure.numAtoms
  }

  advance(count: number): void {
    const end = Math.min(this.#next + count, this.#structure.numAtoms)
    for (; this.#next < end; this.#next++) {
      const numNear = this.#collect(this.#next)
      if (this.#numEdges + numNear > this.#senders.length) this.#grow(this.#numEdges + numNear)
      sortPrefix(this.#near, numNear)
      this.#append(this.#next, numNear)
      if (this.#numEdges > this.#maxEdges) this.#refuse(this.#numEdges)
    }
  }

  finish(): NeighborList {
    const numEdges = this.#numEdges
    return {
      numEdges,
      senders: this.#senders.slice(0, numEdges),
      receivers: this.#receivers.slice(0, numEdges),
      unitShifts: this.#unitShifts.slice(0, 3 * numEdges),
    }
  }

  /** Writes the images within the cutoff (give or take rounding) of a receiver's home into `#near`; returns how many. */
  #collect(receiver: number): number {
    const grid = this.#grid
    const { x, y, z, id, start } = grid
    const images = this.#images
    const home = images.home[receiver] ?? 0
    const px = images.x[home] ?? NaN
    const py = images.y[home] ?? NaN
    const pz = images.z[home] ?? NaN
    const bi = grid.axisBin(px, 0)
    const bj = grid.axisBin(py, 1)
    const bk = grid.axisBin(pz, 2)
    const limit = (this.#cutoff + images.slack) ** 2
    let near = this.#near
    let count = 0
    for (let i = bi - 1; i <= bi + 1; i++) {
      for (let j = bj - 1; j <= bj + 1; j++) {
        for (let k = bk - 1; k <= bk + 1; k++) {
          const bin = grid.find(i, j, k)
          if (bin < 0) continue
          const end = start[bin + 1] ?? 0
          const begin = start[bin] ?? 0
          if (count + end - begin > near.length) near = this.#growNear(count + end - begin)
          for (let s = begin; s < end; s++) {
            const dx = (x[s] ?? NaN) - px
            const dy = (y[s] ?? NaN) - py
            const dz = (z[s] ?? NaN) - pz
            if (dx * dx + dy * dy + dz * dz <= limit) near[count++] = id[s] ?? 0
          }
        }
      }
    }
    return count
  }

  /**
   * Turns the images in `#near` into edges. Whether an edge is shorter than the cutoff is decided with the vector that
   * the model will see, not with the wrapped image: i→j and j→i then always agree.
   */
  #append(receiver: number, numNear: number): void {
    const { atom, offset, home } = this.#images
    const positions = this.#structure.positions
    const lattice = this.#lattice
    const own = home[receiver] ?? 0
    const [n0, n1, n2] = [offset[3 * own] ?? 0, offset[3 * own + 1] ?? 0, offset[3 * own + 2] ?? 0]
    const [px, py, pz] = [positions[3 * receiver] ?? NaN, positions[3 * receiver + 1] ?? NaN, positions[3 * receiver + 2] ?? NaN]
    const [[ax, ay, az], [bx, by, bz], [cx, cy, cz]] = rows(lattice)
    const near = this.#near
    const senders = this.#senders
    const receivers = this.#receivers
    const unitShifts = this.#unitShifts
    const cutoff = this.#cutoff
    let edge = this.#numEdges
    for (let n = 0; n < numNear; n++) {
      const image = near[n] ?? 0
      if (image === own) continue
      const sender = atom[image] ?? 0
      const s0 = (offset[3 * image] ?? 0) - n0
      const s1 = (offset[3 * image + 1] ?? 0) - n1
      const s2 = (offset[3 * image + 2] ?? 0) - n2
      const dx = px - (positions[3 * sender] ?? NaN) + (s0 * ax + s1 * bx + s2 * cx)
      const dy = py - (positions[3 * sender + 1] ?? NaN) + (s0 * ay + s1 * by + s2 * cy)
      const dz = pz - (positions[3 * sender + 2] ?? NaN) + (s0 * az + s1 * bz + s2 * cz)
      const squared = dx * dx + dy * dy + dz * dz
      if (squared === 0) throw coincidence(sender, receiver, s0, s1, s2)
      if (Math.sqrt(squared) >= cutoff) continue
      senders[edge] = sender
      receivers[edge] = receiver
      unitShifts[3 * edge] = s0
      unitShifts[3 * edge + 1] = s1
      unitShifts[3 * edge + 2] = s2
      edge++
    }
    this.#numEdges = edge
  }

  /** Number of edges expected, from evenly spaced receivers. */
  #foresee(): number {
    const { numAtoms } = this.#structure
    const samples = Math.min(sampleSize, numAtoms)
    let found = 0
    for (let s = 0; s < samples; s++) found += this.#collect(Math.floor((s * numAtoms) / samples)) - 1
    return (found / samples) * numAtoms
  }

  #grow(needed: number): void {
    const capacity = Math.max(needed, Math.ceil(1.5 * this.#senders.length))
    this.#senders = enlarged(this.#senders, capacity)
    this.#receivers = enlarged(this.#receivers, capacity)
    this.#unitShifts = enlarged(this.#unitShifts, 3 * capacity)
  }

  #growNear(needed: number): Int32Array<ArrayBuffer> {
    this.#near = enlarged(this.#near, 2 * needed)
    return this.#near
  }

  #refuse(numEdges: number): never {
    throw new InputError(
      `${this.#structure.numAtoms} atoms with a cutoff of ${this.#cutoff} Å make about ${numEdges.toExponential(1)} edges, more than the limit of ${this.#maxEdges}; check positions, cell and units (Å), or raise maxEdges`,
    )
  }
}

function coincidence(sender: number, receiver: number, ...shift: readonly number[]): InputError {
  const [low, high] = [Math.min(sender, receiver), Math.max(sender, receiver)]
  const image = shift.some((s) => s !== 0) ? ` (through the periodic image [${shift.join(', ')}])` : ''
  return new InputError(`atoms ${low} and ${high} are at the same point${image}; remove or move one of them`)
}

function enlarged(array: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(capacity)
  larger.set(array)
  return larger
}

/** Ascending in place. Short prefixes consist of a few ascending runs, for which insertion beats a general sort. */
function sortPrefix(values: Int32Array, count: number): void {
  if (count > 96) {
    values.subarray(0, count).sort()
    return
  }
  for (let i = 1; i < count; i++) {
    const value = values[i] ?? 0
    let j = i - 1
    for (; j >= 0 && (values[j] ?? 0) > value; j--) values[j + 1] = values[j] ?? 0
    values[j + 1] = value
  }
}
