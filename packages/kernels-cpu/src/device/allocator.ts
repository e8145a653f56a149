/** Blocks begin at multiples of this, and their sizes are such. */
export const blockAlignment = 64

/** A piece of memory, free or taken; the pieces tile the memory without gaps. */
export interface Block {
  readonly address: number
  /** Bytes, a multiple of {@link blockAlignment}. */
  readonly size: number
}

interface Piece extends Block {
  address: number
  size: number
  isFree: boolean
  /** Neighbours in memory. */
  before: Piece | null
  after: Piece | null
  /** Neighbours in the list of free pieces of similar size. */
  previousFree: Piece | null
  nextFree: Piece | null
}

/** Every power of two is divided into so many classes. */
const classBits = 4
const classesPerPower = 1 << classBits
/** Memory of 2^32 bytes has 2^26 units. */
const numPowers = 26 - classBits + 2
/** Pieces of the own class that are looked at before a larger one is cut. */
const quickLooks = 4

/**
 * Divides memory into blocks and joins what is given back with its free neighbours. Free pieces stand in lists by size classes,
 * sixteen to a power of two, and two levels of bits say which lists have any: taking and giving back cost the same however many
 * blocks there are (two-level segregated fit; Masmano et al., ECRTS 2004).
 */
export class Allocator {
  readonly #free: (Piece | null)[] = new Array<Piece | null>(numPowers * classesPerPower).fill(null)
  readonly #classes = new Int32Array(numPowers)
  #powers = 0
  readonly #taken = new Map<number, Piece>()
  #last: Piece | null = null
  #end: number

  /** Memory begins at `start` with nothing in it; {@link extend} gives some. */
  constructor(start: number) {
    this.#end = start
  }

  /** Where the memory ends. */
  get end(): number {
    return this.#end
  }

  /** Bytes at the end that are free, and would be a part of what `extend` gives. */
  get freeAtEnd(): number {
    return this.#last?.isFree ? this.#last.size : 0
  }

  /** The memory goes on to `end`, a multiple of the alignment. */
  extend(end: number): void {
    const size = end - this.#end
    if (size <= 0) return
    const piece: Piece = { address: this.#end, size, isFree: false, before: this.#last, after: null, previousFree: null, nextFree: null }
    if (this.#last) this.#last.after = piece
    this.#last = piece
    this.#end = end
    this.#release(piece)
  }

  /** A block of at least so many bytes, `null` if there is none. */
  take(byteLength: number): Block | null {
    const size = blockSize(byteLength)
    const piece = this.#find(size)
    if (!piece) return null
    this.#unlist(piece)
    piece.isFree = false
    if (piece.size > size) this.#split(piece, size)
    this.#taken.set(piece.address, piece)
    return piece
  }

  /** Takes back what `take` gave. */
  give(block: Block): void {
    const piece = this.#taken.get(block.address)
    if (piece !== block) throw new RangeError(`no block at ${block.address}`)
    this.#taken.delete(piece.address)
    this.#release(piece)
  }

  #find(size: number): Piece | null {
    // What was just given back often fits at once. Else, from the class on in which a search for the rounded size begins, every
    // piece is large enough; and a piece of the own class may be, which is looked for before the memory has to grow.
    return this.#inClass(size, quickLooks) ?? this.#firstFrom(sizeClass(roundedToClass(size))) ?? this.#inClass(size, Infinity)
  }

  #inClass(size: number, looks: number): Piece | null {
    let piece = this.#free[sizeClass(size)] ?? null
    for (let look = 0; piece && look < looks; look++, piece = piece.nextFree) if (piece.size >= size) return piece
    return null
  }

  #firstFrom(index: number): Piece | null {
    let power = index >>> classBits
    if (power >= numPowers) return null
    let classes = (this.#classes[power] ?? 0) & (-1 << (index & (classesPerPower - 1)))
    if (classes === 0) {
      const powers = this.#powers & (power === 31 ? 0 : -1 << (power + 1))
      if (powers === 0) return null
      power = lowestBit(powers)
      classes = this.#classes[power] ?? 0
    }
    return this.#free[(power << classBits) + lowestBit(classes)] ?? null
  }

  #split(piece: Piece, size: number): void {
    const rest: Piece = {
      address: piece.address + size,
      size: piece.size - size,
      isFree: false,
      before: piece,
      after: piece.after,
      previousFree: null,
      nextFree: null,
    }
    if (rest.after) rest.after.before = rest
    else this.#last = rest
    piece.after = rest
    piece.size = size
    this.#list(rest)
  }

  #release(piece: Piece): void {
    const { before, after } = piece
    if (after?.isFree) {
      this.#unlist(after)
      this.#join(piece, after)
    }
    if (before?.isFree) {
      this.#unlist(before)
      this.#join(before, piece)
      this.#list(before)
    } else this.#list(piece)
  }

  #join(piece: Piece, after: Piece): void {
    piece.size += after.size
    piece.after = after.after
    if (after.after) after.after.before = piece
    else this.#last = piece
  }

  #list(piece: Piece): void {
    const index = sizeClass(piece.size)
    const first = this.#free[index] ?? null
    piece.isFree = true
    piece.previousFree = null
    piece.nextFree = first
    if (first) first.previousFree = piece
    this.#free[index] = piece
    const power = index >>> classBits
    this.#classes[power] = (this.#classes[power] ?? 0) | (1 << (index & (classesPerPower - 1)))
    this.#powers |= 1 << power
  }

  #unlist(piece: Piece): void {
    const { previousFree, nextFree } = piece
    if (nextFree) nextFree.previousFree = previousFree
    if (previousFree) previousFree.nextFree = nextFree
    else {
      const index = sizeClass(piece.size)
      this.#free[index] = nextFree
      if (!nextFree) {
        const power = index >>> classBits
        const classes = (this.#classes[power] ?? 0) & ~(1 << (index & (classesPerPower - 1)))
        this.#classes[power] = classes
        if (classes === 0) this.#powers &= ~(1 << power)
      }
    }
    piece.isFree = false
    piece.previousFree = null
    piece.nextFree = null
  }
}

/** Bytes of the block for so many; there is none of size 0. */
export function blockSize(byteLength: number): number {
  return Math.max(Math.ceil(byteLength / blockAlignment), 1) * blockAlignment
}

function sizeClass(size: number): number {
  const units = size / blockAlignment
  if (units < classesPerPower) return units
  const log = 31 - Math.clz32(units)
  return ((log - classBits + 1) << classBits) + ((units >>> (log - classBits)) & (classesPerPower - 1))
}

/** The smallest size that begins a class and is not below. */
function roundedToClass(size: number): number {
  const units = size / blockAlignment
  if (units < classesPerPower) return size
  const width = 2 ** (31 - Math.clz32(units) - classBits)
  return Math.ceil(units / width) * width * blockAlignment
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}
