import { ZipArchive } from '@equivar/files/readers'
import { opcode, tokens } from '../../../files/test/support/pickle-writer.ts'
import { concat, zipFile, type ZipRecord } from '../../../files/test/support/zip-writer.ts'

/** A file of torch.save taken apart, to be put together again with changes. */
export class ModelFile {
  readonly folder: string
  readonly records: ReadonlyMap<string, Uint8Array>

  private constructor(folder: string, records: ReadonlyMap<string, Uint8Array>) {
    this.folder = folder
    this.records = records
  }

  static open(bytes: Uint8Array): ModelFile {
    const zip = new ZipArchive(bytes)
    const folder = (zip.names.find((name) => name.endsWith('/data.pkl')) ?? '').slice(0, -'data.pkl'.length)
    return new ModelFile(folder, new Map(zip.names.map((name) => [name.slice(folder.length), zip.read(name).slice()])))
  }

  static of(records: Readonly<Record<string, Uint8Array>>): ModelFile {
    return new ModelFile('archive/', new Map(Object.entries(records)))
  }

  get pickle(): Uint8Array {
    return this.records.get('data.pkl') ?? new Uint8Array(0)
  }

  with(name: string, data: Uint8Array): ModelFile {
    return new ModelFile(this.folder, new Map([...this.records, [name, data]]))
  }

  without(name: string): ModelFile {
    return new ModelFile(this.folder, new Map([...this.records].filter(([key]) => key !== name)))
  }

  /** Replaces every text of the pickle that equals `from`. */
  replaceText(from: string, to: string): ModelFile {
    const old = opcode.text(from)
    return this.replace(old, opcode.text(to))
  }

  replaceGlobal(from: readonly [string, string], to: readonly [string, string]): ModelFile {
    return this.replace(opcode.global(...from), opcode.global(...to))
  }

  /** Replaces all occurrences of some bytes in the pickle; there must be one. */
  replace(from: Uint8Array, to: Uint8Array): ModelFile {
    const parts: Uint8Array[] = []
    let start = 0
    for (let found = find(this.pickle, from, 0); found >= 0; found = find(this.pickle, from, start)) {
      parts.push(this.pickle.subarray(start, found), to)
      start = found + from.length
    }
    if (start === 0) throw new Error('nothing to replace')
    return this.with('data.pkl', concat([...parts, this.pickle.subarray(start)]))
  }

  /** Without the compiled code that e3nn keeps in its modules, which is most of a small file and never read. */
  withoutCode(): ModelFile {
    const longest = 400
    const kept = tokens(this.pickle).map(({ code, bytes }) => (code === 0x58 && bytes.length > longest ? opcode.text('') : bytes))
    return this.with('data.pkl', concat(kept))
  }

  get zipRecords(): readonly ZipRecord[] {
    return [...this.records].map(([name, data]) => ({ name: this.folder + name, data }))
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return zipFile(this.zipRecords)
  }
}

function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const [first = 0] = wanted
  for (let start = bytes.indexOf(first, from); start >= 0; start = bytes.indexOf(first, start + 1))
    if (wanted.every((byte, k) => bytes[start + k] === byte)) return start
  return -1
}
