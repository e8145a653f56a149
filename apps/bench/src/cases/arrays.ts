export type RawArray = Float32Array | Float64Array | Int32Array | BigInt64Array

/** Arrays of a case by name: inputs, and what opponents made of them. */
export interface CaseArrays {
  has(name: string): boolean
  shape(name: string): readonly number[]
  /** @throws if there is no such array. */
  read(name: string): RawArray
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

  #entry(name: string): ShapedArray {
    const entry = this.#known.get(name)
    if (!entry) throw new Error(`the case has no array ${name}; it has ${[...this.#known.keys()].join(', ')}`)
    return entry
  }
}

/** `max|a − b| / max|b|` */
export function relativeError(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  if (a.length !== b.length) throw new Error(`arrays of ${a.length} and ${b.length} elements cannot be compared`)
  let [difference, largest] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])]
    if (!Number.isFinite(x)) return Number.POSITIVE_INFINITY
    difference = Math.max(difference, Math.abs(x - y))
    largest = Math.max(largest, Math.abs(y))
  }
  return largest === 0 ? difference : difference / largest
}
