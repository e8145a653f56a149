import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BuiltCase } from './peer.ts'

export type RawArray = Float32Array | Float64Array | Int32Array | BigInt64Array

/** Arrays that a peer wrote into a folder, by name. */
export class CaseArrays {
  readonly #folder: string
  readonly #known: BuiltCase['arrays']

  constructor(folder: string, known: BuiltCase['arrays']) {
    this.#folder = folder
    this.#known = known
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#known, name)
  }

  shape(name: string): readonly number[] {
    return this.#entry(name).shape
  }

  read(name: string): RawArray {
    const { dtype } = this.#entry(name)
    const bytes = readFileSync(join(this.#folder, `${name}.bin`))
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    switch (dtype) {
      case 'float32':
        return new Float32Array(buffer)
      case 'float64':
        return new Float64Array(buffer)
      case 'int32':
        return new Int32Array(buffer)
      case 'int64':
        return new BigInt64Array(buffer)
      default:
        throw new Error(`array ${name} has dtype ${dtype}`)
    }
  }

  #entry(name: string): BuiltCase['arrays'][string] {
    const entry = this.#known[name]
    if (!entry) throw new Error(`the case has no array ${name}; it has ${Object.keys(this.#known).join(', ')}`)
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
