import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repeated, type CaseArrays, type RawArray } from '../cases/arrays.ts'
import type { BuiltCase } from './python-peer.ts'

/** Arrays that a Python peer wrote into a folder. Of large ones it wrote the first part, which inputs repeat. */
export class FolderArrays implements CaseArrays {
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
    const { shape } = this.#entry(name)
    return repeated(this.part(name), shape.reduce((product, extent) => product * extent, 1))
  }

  part(name: string): RawArray {
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
