import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Allocator, type Block, blockAlignment } from '../../src/device/allocator.ts'

function filled(bytes: number): Allocator {
  const allocator = new Allocator(blockAlignment)
  allocator.extend(blockAlignment + bytes)
  return allocator
}

describe('allocator', () => {
  it('gives aligned blocks that never overlap, and joins all of them again', () => {
    const bytes = 2 ** 20
    const step = fc.oneof(
      fc.record({ take: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 60_000 })) }),
      fc.record({ give: fc.nat() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const allocator = filled(bytes)
        const taken: Block[] = []
        for (const one of steps) {
          if ('take' in one) {
            const block = allocator.take(one.take)
            if (!block) continue
            expect(block.address % blockAlignment).toBe(0)
            expect(block.size).toBeGreaterThanOrEqual(one.take)
            expect(block.address + block.size).toBeLessThanOrEqual(allocator.end)
            for (const other of taken) expect(block.address + block.size <= other.address || other.address + other.size <= block.address).toBe(true)
            taken.push(block)
          } else {
            const [block] = taken.splice(one.give % Math.max(taken.length, 1), 1)
            if (block) allocator.give(block)
          }
        }
        for (const block of taken) allocator.give(block)
        expect(allocator.freeAtEnd).toBe(bytes)
        expect(allocator.take(bytes)?.address).toBe(blockAlignment)
      }),
      { seed: 7, numRuns: 200 },
    )
  })

  it('finds a free block that is just large enough, and takes one that was given back before it cuts another', () => {
    const allocator = filled(64 * 10_000)
    const blocks = Array.from({ length: 20 }, (_, k) => [allocator.take(64 * (100 + 7 * k)), allocator.take(1)] as const)
    for (const [block] of blocks) {
      if (!block) throw new Error('there is room')
      allocator.give(block)
      expect(allocator.take(block.size)?.address).toBe(block.address)
    }
    expect(allocator.take(allocator.freeAtEnd)).not.toBeNull()
    for (const [block] of blocks) if (block) allocator.give(block)
    for (const [block] of blocks.toReversed()) expect(allocator.take(block?.size ?? 0)?.address).toBe(block?.address)
    expect(allocator.take(1)).toBeNull()
  })

  it('takes memory that is added as a part of what is free at the end', () => {
    const allocator = filled(640)
    const first = allocator.take(320)
    expect(allocator.take(640)).toBeNull()
    allocator.extend(allocator.end + 320)
    expect(allocator.freeAtEnd).toBe(640)
    expect(allocator.take(640)?.address).toBe((first?.address ?? 0) + 320)
  })

  it('refuses what it did not give', () => {
    const allocator = filled(640)
    const block = allocator.take(64)
    if (!block) throw new Error('there is room')
    allocator.give(block)
    expect(() => allocator.give(block)).toThrow(RangeError)
    expect(() => allocator.give({ address: 128, size: 64 })).toThrow(RangeError)
  })

  it('takes and gives at a cost that does not grow with the number of blocks', () => {
    const allocator = filled(2 ** 31)
    const blocks = Array.from({ length: 200_000 }, (_, k) => allocator.take(64 + (k % 97) * 64))
    for (let k = 0; k < blocks.length; k += 2) {
      const block = blocks[k]
      if (block) allocator.give(block)
    }
    const start = performance.now()
    for (let k = 0; k < 20_000; k++) {
      const block = allocator.take(64 * (1 + (k % 97)))
      if (block) allocator.give(block)
    }
    expect(performance.now() - start).toBeLessThan(2000)
  })
})
