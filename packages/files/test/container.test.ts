import { FormatError } from '@equivar/core'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { crc32 } from '../src/container/crc32.ts'
import { gunzip } from '../src/container/gzip.ts'
import { ZipArchive } from '../src/container/zip.ts'
import { concat, text, u16, u32, u64, zipFile } from './support/zip-writer.ts'

describe('crc32', () => {
  it('agrees with published values, at every length modulo four', () => {
    expect(crc32(text('123456789'))).toBe(0xcbf43926)
    expect(crc32(text('The quick brown fox jumps over the lazy dog'))).toBe(0x414fa339)
    expect(crc32(text('a'))).toBe(0xe8b7be43)
    expect(crc32(text('abc'))).toBe(0x352441c2)
    expect(crc32(text(''))).toBe(0)
  })
})

describe('ZipArchive', () => {
  it('gives the records as views into the file', () => {
    const bytes = zipFile([{ name: 'a/b', data: text('hello') }, { name: 'a/ü', data: new Uint8Array(0) }])
    const zip = new ZipArchive(bytes)
    expect(zip.names).toEqual(['a/b', 'a/ü'])
    expect(new TextDecoder().decode(zip.read('a/b'))).toBe('hello')
    expect(zip.read('a/b').buffer).toBe(bytes.buffer)
    expect(() => zip.read('c')).toThrow(/record 'c' is missing/)
  })

  it('takes sizes from the directory and the start of the data from the local header, as torch writes them', () => {
    // Data descriptor: local CRC and sizes are zero; the extra field pads the data to 64 bytes.
    const name = text('x/data/0')
    const data = text('0123456789')
    const padding = new Uint8Array(64 - 30 - name.length)
    padding.set(concat([text('FB'), u16(padding.length - 4)]))
    const unknown = [u32(0), u32(0), u32(0), u32(0)]
    const local = concat([u32(0x04034b50), u16(0), u16(0x0808), u16(0), ...unknown, u16(name.length), u16(padding.length), name, padding, data])
    const descriptor = concat([u32(0x08074b50), u32(crc32(data)), u32(data.length), u32(data.length)])
    const all = 0xffffffff
    // ZIP64: all three numbers stand in the extra field of the directory.
    const extra = concat([u16(1), u16(24), u64(10n), u64(10n), u64(0n)])
    const sizes = [u32(crc32(data)), u32(all), u32(all), u16(name.length), u16(extra.length), u16(0), u16(0), u16(0), u32(0), u32(all)]
    const central = concat([u32(0x02014b50), u16(45), u16(45), u16(0x0808), u16(0), u32(0), ...sizes, name, extra])
    const start = local.length + descriptor.length
    const end64 = concat([u32(0x06064b50), u64(44n), u16(45), u16(45), u32(0), u32(0), u64(1n), u64(1n), u64(BigInt(central.length)), u64(BigInt(start))])
    const locator = concat([u32(0x07064b50), u32(0), u64(BigInt(start + central.length)), u32(1)])
    const end = concat([u32(0x06054b50), u16(0xffff), u16(0xffff), u16(0xffff), u16(0xffff), u32(all), u32(all), u16(7), text('comment')])
    const zip = new ZipArchive(concat([local, descriptor, central, end64, locator, end]))
    expect(new TextDecoder().decode(zip.read('x/data/0'))).toBe('0123456789')
  })
})

describe('gunzip', () => {
  it('gives the content', async () => {
    const content = Uint8Array.from({ length: 300_000 }, (_, k) => (k * k) >> 7)
    expect(await gunzip(new Uint8Array(gzipSync(content)), 2 ** 20)).toEqual(content)
    expect(await gunzip(new Uint8Array(gzipSync(new Uint8Array(0))), 2 ** 20)).toHaveLength(0)
  })

  it('keeps to the limit of the caller', async () => {
    const bytes = new Uint8Array(gzipSync(new Uint8Array(2000)))
    await expect(gunzip(bytes, 1999)).rejects.toThrow(FormatError)
    await expect(gunzip(bytes, 2000)).resolves.toHaveLength(2000)
  })

  it('ends when it is aborted', async () => {
    const controller = new AbortController()
    controller.abort(new Error('enough'))
    await expect(gunzip(new Uint8Array(gzipSync(new Uint8Array(2000))), 2 ** 20, controller.signal)).rejects.toThrow('enough')
  })
})
