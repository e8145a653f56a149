import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limitDenominator, roundToRational, roundToSqrtRational, toIntegerRatio } from '../../src/math/rounding.ts'

const seed = { seed: 7, numRuns: 300 }

describe('rounding to simple numbers', () => {
  it('takes a float64 apart', () => {
    expect(toIntegerRatio(0)).toEqual([0n, 1n])
    expect(toIntegerRatio(1)).toEqual([1n, 1n])
    expect(toIntegerRatio(-0.75)).toEqual([-3n, 4n])
    expect(toIntegerRatio(2 ** 62)).toEqual([1n << 62n, 1n])
    expect(toIntegerRatio(2 ** 63)).toEqual([1n << 63n, 1n])
    expect(toIntegerRatio(2 ** -62)).toEqual([1n, 1n << 62n])
    expect(toIntegerRatio(2 ** -70)).toEqual([0n, 1n])
    expect(() => toIntegerRatio(Number.NaN)).toThrow(/NaN is no fraction/)
    expect(() => roundToRational(Infinity)).toThrow(/finite/)
  })

  it('finds the nearest fraction with a small denominator', () => {
    expect(limitDenominator(4n, 35n, 7n)).toEqual([1n, 7n])
    expect(limitDenominator(-4n, 35n, 7n)).toEqual([-1n, 7n])
    expect(limitDenominator(3141592653589793n, 1000000000000000n, 1000n)).toEqual([355n, 113n])
    expect(() => limitDenominator(1n, 0n, 7n)).toThrow(/must be positive/)
  })

  it('finds the best fraction there is', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10000, max: 10000 }), fc.integer({ min: 1, max: 10000 }), fc.integer({ min: 1, max: 40 }), (n, d, limit) => {
        const [p, q] = limitDenominator(BigInt(n), BigInt(d), BigInt(limit))
        const found = Math.abs(Number(p) / Number(q) - n / d)
        const best = Math.min(...Array.from({ length: limit }, (_, i) => Math.abs(Math.round((n / d) * (i + 1)) / (i + 1) - n / d)))
        expect(Number(q)).toBeLessThanOrEqual(limit)
        expect(found).toBeLessThanOrEqual(best + 1e-15)
      }),
      seed,
    )
  })

  it('removes noise and keeps digits', () => {
    expect(roundToRational(0.75 + 1e-13)).toBe(0.75)
    expect(roundToSqrtRational(Math.sqrt(3) + 1e-13)).toBe(Math.sqrt(3))
    expect(roundToSqrtRational(-Math.sqrt(3) - 1e-13)).toBe(-Math.sqrt(3))
    expect(Object.is(roundToSqrtRational(-1e-16), 0)).toBe(true)
    expect(roundToSqrtRational(1e200)).toBe(1e200)
    expect(roundToRational(2 ** 70)).toBe(2 ** 70)
    expect(roundToRational(Math.PI)).toBeCloseTo(Math.PI, 15)
    for (let n = 1; n < 40; n++)
      for (let d = 1; d < 40; d++) {
        expect(roundToRational((n / d) * (1 + 1e-15))).toBe(n / d)
        expect(Math.abs(roundToSqrtRational(Math.sqrt(n / d) * (1 - 1e-15)) ** 2 * d - n)).toBeLessThan(1e-14 * n)
      }
  })
})
