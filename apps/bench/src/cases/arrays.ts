export type RawArray = Float32Array | Float64Array | Int32Array | BigInt64Array

/** Arrays of a case by name: inputs, and what opponents made of them. */
export interface CaseArrays {
  has(name: string): boolean
  shape(name: string): readonly number[]
  /** @throws if there is no such array. */
  read(name: string): RawArray
  /** What is known of it: all of an array that was made here, the first elements of a large one of an opponent. */
  part(name: string): RawArray
}

export interface ShapedArray {
  readonly data: RawArray
  readonly shape: readonly number[]
}

/** Arrays in this process. */
export class MemoryArrays implements CaseArrays {
  readonly #known: ReadonlyMap<string, ShapedArray>

  constructor(known: ReadonlyMap<string, ShapedArray>) {
    this.#known = known
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }

  shape(name: string): readonly number[] {
    return this.#entry(name).shape
  }

  read(name: string): RawArray {
    return this.#entry(name).data
  }

  part(name: string): RawArray {
    return this.read(name)
  }

  #entry(name: string): ShapedArray {
    const entry = this.#known.get(name)
    if (!entry) throw new Error(`the case has no array ${name}; it has ${[...this.#known.keys()].join(', ')}`)
    return entry
  }
}

/** An array of `size` elements that repeats the elements of a shorter one; the same array where it is long enough. */
export function repeated<T extends RawArray>(part: T, size: number): T {
  if (part.length >= size) return part
  const whole = new (part.constructor as new (length: number) => T)(size)
  whole.set(part as never)
  for (let filled = part.length; filled < size; filled *= 2) whole.copyWithin(filled, 0, Math.min(filled, size - filled))
  return whole
}

/** `max|a − b| / max|b|` over the elements of b, which may be the first ones of a. @throws if a is shorter. */
export function relativeError(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  if (a.length < b.length) throw new Error(`arrays of ${a.length} and ${b.length} elements cannot be compared`)
  let [difference, largest] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])]
    if (!Number.isFinite(x)) return Number.POSITIVE_INFINITY
    difference = Math.max(difference, Math.abs(x - y))
    largest = Math.max(largest, Math.abs(y))
  }
  return largest === 0 ? difference : difference / largest
}
