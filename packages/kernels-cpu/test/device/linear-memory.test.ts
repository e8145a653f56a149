import { DeviceError } from '@equivar/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LinearMemory, pageSize } from '../../src/device/linear-memory.ts'

afterEach(() => vi.restoreAllMocks())

const isShared = false

describe('linear memory', () => {
  it('has readable bytes behind every block, the last one included', () => {
    const memory = new LinearMemory({ isShared, maxBytes: 4 * pageSize })
    const blocks = []
    for (let block = memory.take(1000); block; block = memory.take(1000)) blocks.push(block)
    expect(blocks.length).toBeGreaterThan(200)
    for (const { address, size } of blocks) {
      expect(address).toBeGreaterThan(0)
      expect(address + size + 64).toBeLessThanOrEqual(memory.byteLength)
    }
    expect(memory.byteLength).toBe(4 * pageSize)
  })

  it('gives its largest block, and nothing larger', () => {
    const memory = new LinearMemory({ isShared, maxBytes: 10 * pageSize })
    expect(memory.take(memory.maxBlockBytes + 1)).toBeNull()
    const block = memory.take(memory.maxBlockBytes)
    expect(block?.size).toBe(memory.maxBlockBytes)
    if (block) memory.give(block)
    expect(memory.take(memory.maxBlockBytes)).toEqual(block)
  })

  it('grows by what is needed where the host refuses more, and says when it refuses that', () => {
    const memory = new LinearMemory({ isShared, maxBytes: 1000 * pageSize })
    memory.take(100 * pageSize)
    const grow = memory.memory.grow.bind(memory.memory)
    vi.spyOn(memory.memory, 'grow').mockImplementation((pages) => {
      if (pages > 5) throw new RangeError('the host is short of memory')
      return grow(pages)
    })
    const before = memory.byteLength
    expect(memory.take(4.5 * pageSize)).not.toBeNull()
    expect(memory.byteLength).toBeLessThanOrEqual(before + 5 * pageSize)
    expect(memory.take(10 * pageSize)).toBeNull()
    expect(memory.take(3 * pageSize)).not.toBeNull()
  })

  it('is smaller where the host has not so many addresses', () => {
    const { Memory } = WebAssembly
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function (descriptor: WebAssembly.MemoryDescriptor) {
      if ((descriptor.maximum ?? 0) > 20_000) throw new RangeError('no addresses')
      return new Memory(descriptor)
    })
    expect(new LinearMemory({ isShared, maxBytes: 65536 * pageSize }).maxBytes).toBe(16384 * pageSize)
  })

  it('is an error where the host has none', () => {
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function () {
      throw new RangeError('no addresses')
    })
    expect(() => new LinearMemory({ isShared, maxBytes: 65536 * pageSize })).toThrow(DeviceError)
  })
})
