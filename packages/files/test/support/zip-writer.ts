import { crc32 } from '../../src/container/crc32.ts'

/** A record of a zip file, with whatever its headers should say instead of the truth. */
export interface ZipRecord {
  readonly name: string
  readonly data: Uint8Array
  readonly localName?: string
  readonly method?: number
  readonly flags?: number
  readonly crc?: number
  readonly size?: number
  readonly compressedSize?: number
  readonly offset?: number
}

export interface ZipForgery {
  readonly count?: number
  readonly directorySize?: number
  readonly directoryOffset?: number
  readonly zip64?: { readonly count: bigint; readonly size: bigint; readonly offset: bigint }
}

/** A zip file of stored records as torch writes it, every field of which can be forged. */
export function zipFile(records: readonly ZipRecord[], forgery: ZipForgery = {}): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let position = 0
  for (const record of records) {
    const { name, data, method = 0, flags = 0x0800, crc = crc32(data), size = data.length, compressedSize = size, offset = position } = record
    const shared = (encodedName: Uint8Array) => [u16(flags), u16(method), u32(0), u32(crc), u32(compressedSize), u32(size), u16(encodedName.length), u16(0)]
    const localName = text(record.localName ?? name)
    const local = concat([u32(0x04034b50), u16(0), ...shared(localName), localName, data])
    directory.push(concat([u32(0x02014b50), u16(0), u16(0), ...shared(text(name)), u16(0), u16(0), u16(0), u32(0), u32(offset), text(name)]))
    parts.push(local)
    position += local.length
  }
  const central = concat(directory)
  const { count = records.length, directorySize = central.length, directoryOffset = position, zip64 } = forgery
  const end64 = zip64
    ? concat([
        u32(0x06064b50), u64(44n), u16(45), u16(45), u32(0), u32(0), u64(zip64.count), u64(zip64.count), u64(zip64.size), u64(zip64.offset),
        u32(0x07064b50), u32(0), u64(BigInt(position + central.length)), u32(1),
      ])
    : new Uint8Array(0)
  const end = concat([u32(0x06054b50), u16(0), u16(0), u16(count), u16(count), u32(directorySize), u32(directoryOffset), u16(0)])
  return concat([...parts, central, end64, end])
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let position = 0
  for (const part of parts) {
    result.set(part, position)
    position += part.length
  }
  return result
}

export function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value)
}

export function u16(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff)
}

export function u32(value: number): Uint8Array<ArrayBuffer> {
  return concat([u16(value & 0xffff), u16(value >>> 16)])
}

export function u64(value: bigint): Uint8Array<ArrayBuffer> {
  return concat([u32(Number(value & 0xffffffffn)), u32(Number(value >> 32n))])
}
