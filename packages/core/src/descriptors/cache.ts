import type { Irrep, IrrepClass } from '../groups/index.ts'
import type { Irreps } from '../irreps/index.ts'

/** Enough for the descriptors of several models at once. */
const defaultCapacity = 128

/**
 * Remembers what an expensive pure function returned, under a text that names its arguments. Bounded: the entry that was
 * not used for the longest time makes room.
 */
export class BoundedCache<T> {
  readonly capacity: number
  private readonly entries = new Map<string, T>()

  constructor(capacity: number = defaultCapacity) {
    this.capacity = capacity
  }

  get size(): number {
    return this.entries.size
  }

  /** The remembered value of `key`, or what `make` returns, which is then remembered. */
  getOrMake(key: string, make: () => T): T {
    const known = this.entries.get(key)
    const value = known ?? make()
    // A Map keeps insertion order, so re-inserting moves the entry to the young end.
    this.entries.delete(key)
    this.entries.set(key, value)
    if (this.entries.size > this.capacity) {
      const [oldest] = this.entries.keys()
      if (oldest !== undefined) this.entries.delete(oldest)
    }
    return value
  }
}

const groupNumbers = new WeakMap<IrrepClass, number>()
let numGroups = 0

/** Something whose text tells it from every other value it could have. */
type CacheKeyPart = string | number | boolean | readonly number[] | Irreps | Irrep

/** Names arguments uniquely: groups by identity, because two classes may share a name; everything else by its text. */
export function cacheKey(group: IrrepClass, ...parts: readonly (CacheKeyPart | undefined)[]): string {
  let number = groupNumbers.get(group)
  if (number === undefined) groupNumbers.set(group, (number = numGroups++))
  return [number, ...parts.map((part) => part?.toString() ?? '-')].join('|')
}
