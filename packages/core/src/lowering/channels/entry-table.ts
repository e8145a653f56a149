import type { Expression, KernelBuilder, Memory } from '../../kernels/index.ts'
import type { FloatScalar } from '../request.ts'

/** How {@link EntryTable} lies in memory. */
export interface EntryLayout {
  /** Entries of a chunk. */
  readonly chunk: number
  /**
   * Whether the numbers of one entry are adjacent, as threads read them several at a time; otherwise those of one slot, as vector
   * registers store them.
   */
  readonly isByEntry: boolean
}

/** Elements from one entry to the next: an odd number of groups of four, so that lanes that each store one spread over the banks. */
function pitchOf(slots: number): number {
  return slots < 3 ? slots : 4 * (Math.ceil(slots / 4) | 1)
}

/** Elements that a table takes. */
export function tableLength(slots: number, { chunk, isByEntry }: EntryLayout): number {
  return chunk * (isByEntry ? pitchOf(slots) : slots)
}

/** Numbers of the entries of a chunk that all lanes of a program share, so many slots an entry. */
export class EntryTable {
  readonly #builder: KernelBuilder
  readonly #memory: Memory
  readonly #isByEntry: boolean
  /** Elements from one entry, and one slot, to the next. */
  readonly #pitch: number
  readonly #slotPitch: number

  constructor(builder: KernelBuilder, name: string, scalar: FloatScalar, slots: number, layout: EntryLayout) {
    this.#builder = builder
    this.#memory = builder.shared(name, scalar, tableLength(slots, layout))
    this.#isByEntry = layout.isByEntry
    this.#pitch = layout.isByEntry ? pitchOf(slots) : 1
    this.#slotPitch = layout.isByEntry ? 1 : layout.chunk
  }

  /** A number of one entry, given by its position in the chunk. */
  load(position: Expression, slot: number): Expression {
    return this.#memory.load(this.#place(position, slot))
  }

  store(position: Expression, slot: Expression | number, value: Expression, mask?: Expression): void {
    this.#memory.store(this.#place(position, slot), value, mask ? { mask } : {})
  }

  /** One slot of as many entries as there are lanes; the mask says which are there. */
  loadLanes(first: Expression, slot: number, mask: Expression): Expression {
    if (!this.#isByEntry) return this.#memory.loadLanes(this.#place(first, slot))
    return this.#memory.load(this.#place(first.add(this.#builder.lane()), slot), { mask })
  }

  storeLanes(first: Expression, slot: number, value: Expression, mask: Expression): void {
    if (!this.#isByEntry) this.#memory.storeLanes(this.#place(first, slot), value)
    else this.#memory.store(this.#place(first.add(this.#builder.lane()), slot), value, { mask })
  }

  #place(position: Expression, slot: Expression | number): Expression {
    return position.mul(this.#pitch).add(typeof slot === 'number' ? slot * this.#slotPitch : slot.mul(this.#slotPitch))
  }
}
