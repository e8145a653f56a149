import { FormatError } from '@equivar/core'
import { ByteReader, isPlainName } from './byte-reader.ts'
import { crc32 } from './crc32.ts'

/**
 * Reader of the zip files that torch writes: stored records, ZIP64, data descriptors.
 *
 * Written here because a record must be served as a view into the file (weights are hundreds of megabytes and stored
 * without compression) and because everything a hostile file can say is checked when it is opened, before anything is
 * allocated: sizes and offsets, overlapping records, names that occur twice. The zip libraries at hand copy records or
 * skip these checks. Layout: PKWARE, .ZIP File Format Specification 6.3.
 */
export class ZipArchive {
  readonly #bytes: Uint8Array
  readonly #entries: ReadonlyMap<string, ZipEntry>
  readonly #verified = new Set<string>()

  /** @throws {FormatError} when the directory is damaged or says something that torch never writes. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    const directory = findDirectory(bytes)
    const entries = readDirectory(bytes, directory)
    checkOverlaps(entries)
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]))
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()]
  }

  has(name: string): boolean {
    return this.#entries.has(name)
  }

  /** Stored bytes of a record without copying them, after checking their CRC. */
  read(name: string): Uint8Array {
    const entry = this.#entries.get(name)
    if (!entry) throw new FormatError(`zip: record '${name}' is missing`)
    if (entry.method !== 0)
      throw new FormatError(`zip: record '${name}' is compressed, torch stores records as they are; save the model again with torch.save`)
    const bytes = this.#bytes.subarray(entry.dataStart, entry.dataStart + entry.size)
    if (!this.#verified.has(name)) {
      const crc = crc32(bytes)
      if (crc !== entry.crc) throw new FormatError(`zip: record '${name}' is damaged: CRC ${hex(crc)} of its bytes, ${hex(entry.crc)} in the directory`)
      this.#verified.add(name)
    }
    return bytes
  }
}

interface ZipEntry {
  readonly name: string
  readonly method: number
  readonly crc: number
  /** Bytes in the file; for the stored records that can be read, also their length. */
  readonly size: number
  readonly headerStart: number
  readonly dataStart: number
}

interface Directory {
  readonly start: number
  readonly size: number
  readonly count: number
}

const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 }
const sizes = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 }
const maxComment = 0xffff
const maxEntries = 200_000
const flags = { encrypted: 0x0001, patched: 0x0020, strongEncryption: 0x0040, maskedHeaders: 0x2000 }

function findDirectory(bytes: Uint8Array): Directory {
  const lowest = Math.max(0, bytes.length - sizes.end - maxComment)
  for (let start = bytes.length - sizes.end; start >= lowest; start--) {
    if (bytes[start] !== 0x50) continue
    const reader = readerAt(bytes, start)
    if (reader.uint32() !== signatures.end) continue
    const [disk, directoryDisk, countHere, count] = [reader.uint16(), reader.uint16(), reader.uint16(), reader.uint16()]
    const [size, offset, comment] = [reader.uint32(), reader.uint32(), reader.uint16()]
    if (start + sizes.end + comment !== bytes.length) continue
    const directory = directory64(bytes, start) ?? { start: offset, size, count, end: start }
    if (disk !== directoryDisk || countHere !== count) throw new FormatError('zip: archive of several volumes; join them first')
    checkDirectory(directory)
    return directory
  }
  throw new FormatError('zip: the end of the archive is missing; the file is truncated')
}

function directory64(bytes: Uint8Array, end: number): (Directory & { readonly end: number }) | undefined {
  const locator = end - sizes.locator64
  if (locator < 0) return undefined
  const reader = readerAt(bytes, locator)
  if (reader.uint32() !== signatures.locator64) return undefined
  reader.skip(4)
  const start = reader.uint64()
  if (start > locator - sizes.end64) throw new FormatError(`zip: ZIP64 end record at offset ${start} lies outside the file; the file is damaged`)
  const end64 = readerAt(bytes, start)
  if (end64.uint32() !== signatures.end64) throw new FormatError(`zip: no ZIP64 end record at offset ${start}; the file is damaged`)
  end64.skip(8 + 2 + 2 + 4 + 4 + 8)
  return { count: end64.uint64(), size: end64.uint64(), start: end64.uint64(), end: start }
}

function checkDirectory({ start, size, count, end }: Directory & { readonly end: number }): void {
  if (start + size !== end)
    throw new FormatError(`zip: directory of ${size} bytes at offset ${start} does not end at ${end}; the file is truncated, or something was put before or after it`)
  if (count > maxEntries) throw new FormatError(`zip: ${count} records, at most ${maxEntries} are accepted; this is no model`)
  if (count * sizes.central > size) throw new FormatError(`zip: ${count} records do not fit into a directory of ${size} bytes; the file is damaged`)
}

function readDirectory(bytes: Uint8Array, { start, size, count }: Directory): readonly ZipEntry[] {
  const reader = new ByteReader(bytes.subarray(start, start + size), 'zip directory')
  const names = new Set<string>()
  const entries: ZipEntry[] = []
  for (let k = 0; k < count; k++) {
    const entry = readEntry(bytes, reader, start)
    if (names.has(entry.name)) throw new FormatError(`zip: record '${entry.name}' occurs twice; the file is damaged or forged`)
    names.add(entry.name)
    entries.push(entry)
  }
  if (reader.remaining !== 0) throw new FormatError(`zip: ${reader.remaining} bytes are left over in the directory after ${count} records; the file is damaged`)
  return entries
}

function readEntry(bytes: Uint8Array, reader: ByteReader, directoryStart: number): ZipEntry {
  if (reader.uint32() !== signatures.central) throw new FormatError('zip: the directory is damaged')
  reader.skip(4)
  const [flag, method] = [reader.uint16(), reader.uint16()]
  reader.skip(4)
  const crc = reader.uint32()
  const [compressed, size] = [reader.uint32(), reader.uint32()]
  const [nameLength, extraLength, commentLength] = [reader.uint16(), reader.uint16(), reader.uint16()]
  reader.skip(8)
  const offset = reader.uint32()
  const name = reader.text(nameLength)
  checkName(name)
  const wide = widen(new ByteReader(reader.take(extraLength), `zip: extra field of '${name}'`), { size, compressed, offset })
  reader.skip(commentLength)
  if (flag & (flags.encrypted | flags.patched | flags.strongEncryption | flags.maskedHeaders))
    throw new FormatError(`zip: record '${name}' is encrypted or patched; decrypt the file first`)
  if (method === 0 && wide.size !== wide.compressed)
    throw new FormatError(`zip: stored record '${name}' declares ${wide.size} bytes and ${wide.compressed} in the file; the file is damaged or forged`)
  const dataStart = checkLocalHeader(bytes, name, method, wide.offset, directoryStart)
  if (wide.compressed > directoryStart - dataStart)
    throw new FormatError(`zip: record '${name}' of ${wide.compressed} bytes at offset ${dataStart} reaches past its archive; the file is truncated or damaged`)
  return { name, method, crc, size: wide.compressed, headerStart: wide.offset, dataStart }
}

/** Values of all ones stand in the ZIP64 extra field instead, in this order. */
function widen(extra: ByteReader, narrow: { size: number; compressed: number; offset: number }): typeof narrow {
  const all = 0xffffffff
  while (extra.remaining >= 4) {
    const [id, length] = [extra.uint16(), extra.uint16()]
    const field = new ByteReader(extra.take(length), 'zip: ZIP64 extra field')
    if (id !== 1) continue
    const size = narrow.size === all ? field.uint64() : narrow.size
    const compressed = narrow.compressed === all ? field.uint64() : narrow.compressed
    return { size, compressed, offset: narrow.offset === all ? field.uint64() : narrow.offset }
  }
  return narrow
}

/** Returns where the data starts: the lengths in the local header count, torch pads its extra field for alignment. */
function checkLocalHeader(bytes: Uint8Array, name: string, method: number, offset: number, directoryStart: number): number {
  if (offset > directoryStart - sizes.local) throw new FormatError(`zip: record '${name}' at offset ${offset} lies outside its archive; the file is damaged`)
  const reader = new ByteReader(bytes.subarray(offset, directoryStart), `zip: header of '${name}'`)
  if (reader.uint32() !== signatures.local) throw new FormatError(`zip: no record '${name}' at offset ${offset}; the file is damaged`)
  reader.skip(4)
  const localMethod = reader.uint16()
  reader.skip(16)
  const [nameLength, extraLength] = [reader.uint16(), reader.uint16()]
  const localName = reader.text(nameLength)
  if (localName !== name || localMethod !== method)
    throw new FormatError(`zip: the directory says '${name}' (method ${method}), the record ${JSON.stringify(localName.slice(0, 80))} (method ${localMethod}); the file is damaged or forged`)
  reader.skip(extraLength)
  return offset + reader.position
}

function checkName(name: string): void {
  if (name === '' || !isPlainName(name) || name.startsWith('/') || name.includes('\\') || name.split('/').some((part) => part === '..' || part === '.'))
    throw new FormatError(`zip: record name ${JSON.stringify(name.slice(0, 80))} is not a plain relative path; the file is damaged or forged`)
}

function checkOverlaps(entries: readonly ZipEntry[]): void {
  const sorted = [...entries].sort((a, b) => a.headerStart - b.headerStart)
  for (const [k, entry] of sorted.entries()) {
    const next = sorted[k + 1]
    if (next && entry.dataStart + entry.size > next.headerStart)
      throw new FormatError(`zip: records '${entry.name}' and '${next.name}' overlap; the file is forged`)
  }
}

function readerAt(bytes: Uint8Array, start: number): ByteReader {
  const reader = new ByteReader(bytes, 'zip')
  reader.position = start
  return reader
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
