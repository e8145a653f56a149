import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { layoutArena } from '../../src/program/arena.ts'
import { decode, evaluate, maxSizes, probeSizes } from '../../src/program/expression.ts'
import { paramsKey } from '../../src/program/params-key.ts'
import { sizeLayout, sizesOf } from '../../src/program/sizes.ts'

const seed = 4

describe('the arena of a program', () => {
  const intervals = fc.array(
    fc.record({ bytes: fc.integer({ min: 0, max: 1000 }), first: fc.integer({ min: 0, max: 20 }), length: fc.integer({ min: 0, max: 8 }) }),
    { maxLength: 30 },
  )

  test('gives what is needed at the same time different places', () => {
    fc.assert(
      fc.property(intervals, (given) => {
        const own = given.map(({ bytes, first, length }) => ({ bytes, first, last: first + length }))
        const { offsets, bytes, peakBytes } = layoutArena(own, 16)
        for (const [i, a] of own.entries()) {
          const at = offsets[i] ?? -1
          expect(at % 16).toBe(0)
          expect(at + a.bytes).toBeLessThanOrEqual(Math.max(bytes, at))
          for (const [k, b] of own.entries()) {
            if (k <= i || a.last < b.first || b.last < a.first || a.bytes === 0 || b.bytes === 0) continue
            const other = offsets[k] ?? -1
            expect(at + a.bytes <= other || other + b.bytes <= at).toBe(true)
          }
        }
        expect(peakBytes).toBeLessThanOrEqual(bytes)
      }),
      { seed },
    )
  })

  test('is no larger than what is needed at the same time, where that is possible', () => {
    const chain = Array.from({ length: 10 }, (_, k) => ({ bytes: 64, first: k, last: k + 1 }))
    expect(layoutArena(chain, 64)).toMatchObject({ bytes: 128, peakBytes: 128 })
    expect(layoutArena([], 64)).toEqual({ offsets: [], bytes: 0, peakBytes: 0 })
  })
})

describe('numbers of a program as they depend on sizes', () => {
  const [p, q] = [probeSizes(maxSizes, 0), probeSizes(maxSizes, 1)]
  const primeBelow = (n: number) => Array.from({ length: Math.floor(Math.sqrt(n)) - 1 }, (_, i) => i + 2).every((d) => n % d !== 0)

  test('are told apart by sizes that are primes with differences of their own', () => {
    expect([...p, ...q].every(primeBelow)).toBe(true)
    expect(new Set(p.map((size, k) => (q[k] ?? 0) - size)).size).toBe(maxSizes)
  })

  test('are found from two traces', () => {
    const size = fc.integer({ min: 0, max: maxSizes - 1 })
    const sizes = p.map((_, k) => 3 + 7 * k)
    const check = (f: (s: readonly number[]) => number) => {
      const found = decode(f(p), f(q), p, q)
      expect(typeof found === 'object' ? evaluate(found, sizes) : found).toBe(f(sizes))
    }
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 2000 }), fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 30 }), (k, l, c, d, e) => {
        check(() => c)
        check((s) => c * (s[k] ?? 0))
        check((s) => c * (s[k] ?? 0) * (s[l] ?? 0))
        check((s) => e * (s[k] ?? 0) + d)
        if (k !== l) check((s) => e * (s[k] ?? 0) + (s[l] ?? 0) + d)
      }),
      { seed },
    )
  })

  test('are not found where they are something else', () => {
    expect(decode(Math.floor(10_007 / 2), Math.floor(10_037 / 2), [10_007], [10_037])).toBeUndefined()
    expect(decode(0.5, 0.25, [10_007], [10_037])).toBeUndefined()
    expect(decode(10_007 ** 2 + 10_007, 10_037 ** 2 + 10_037, [10_007], [10_037])).toBeUndefined()
  })
})

describe('sizes', () => {
  test('are extents that changed together', () => {
    const layout = sizeLayout([
      [[4, 3], [8], [4, 8]],
      [[5, 3], [9], [5, 9]],
    ])
    expect(layout).toEqual({ count: 2, extents: [[{ size: 0 }, 3], [{ size: 1 }], [{ size: 0 }, { size: 1 }]] })
    if (!layout) return
    expect(sizesOf(layout, [[7, 3], [1], [7, 1]])).toEqual([7, 1])
    for (const other of [[[7, 4], [1], [7, 1]], [[7, 3], [1], [6, 1]], [[7, 3], [1], [7]]]) expect(sizesOf(layout, other)).toBeUndefined()
    expect(sizeLayout([[[1]], [[1, 1]]])).toBeUndefined()
  })

  test('and parameters are compared by what they hold', () => {
    const [a, b] = [new Date(0), new Date(0)]
    expect(paramsKey({ x: [1, { y: 'z' }], a })).toBe(paramsKey({ x: [1, { y: 'z' }], a }))
    const keys = [{ x: 0 }, { x: -0 }, { x: '0' }, { x: [0] }, { x: a }, { x: b }, { y: 0 }, {}, { x: true }, { x: undefined }].map(paramsKey)
    expect(new Set(keys).size).toBe(keys.length)
  })
})
