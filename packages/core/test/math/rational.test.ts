import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitLength, gcd, integerSquareRoot, Rational, ratioToNumber, SqrtRational, sqrtRatioToNumber } from '../../src/math/rational.ts'

const seed = { seed: 20240601, numRuns: 400 }
const big = (bits: number) => fc.bigInt({ min: 0n, max: 1n << BigInt(bits) })

/** The exact value of a float64, as numerator / 2^exponent. */
function exact(x: number): { numerator: bigint; exponent: number } {
  let exponent = 0
  let value = x
  while (!Number.isInteger(value)) {
    value *= 2
    exponent++
  }
  return { numerator: BigInt(value), exponent }
}

/** Half the distance to the next float64 on either side, as an exact fraction with denominator 2^1100. */
function halfGap(x: number): bigint {
  const exponent = Math.floor(Math.log2(x))
  return 1n << BigInt(1100 + exponent - 53)
}

const scaled = (x: number): bigint => {
  const { numerator, exponent } = exact(x)
  return numerator << BigInt(1100 - exponent)
}

describe('integers', () => {
  it('take roots, divisors and lengths', () => {
    fc.assert(
      fc.property(big(300), (n) => {
        const root = integerSquareRoot(n)
        expect(root * root <= n && (root + 1n) * (root + 1n) > n).toBe(true)
        expect(bitLength(n)).toBe(n === 0n ? 0 : n.toString(2).length)
      }),
      seed,
    )
    expect(gcd(-12n, 18n)).toBe(6n)
    expect(() => integerSquareRoot(-1n)).toThrow(/-1 is negative/)
  })
})

describe('conversion to float64', () => {
  it('rounds a ratio to the nearest number', () => {
    fc.assert(
      fc.property(big(200), big(200), (n, d) => {
        const denominator = d + 1n
        const value = ratioToNumber(n, denominator)
        fc.pre(n > 0n)
        // |value − n/d| <= half a unit in the last place, exactly.
        const error = scaled(value) * denominator - (n << 1100n)
        expect((error < 0n ? -error : error) <= halfGap(value) * denominator).toBe(true)
      }),
      seed,
    )
  })

  it('agrees with float64 division where both are exact', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 1, max: 2 ** 31 - 1 }), (n, d) => {
        expect(ratioToNumber(BigInt(n), BigInt(d))).toBe(n / d + 0)
      }),
      seed,
    )
  })

  it('rounds the root of a ratio to the nearest number', () => {
    fc.assert(
      fc.property(big(250), big(250), (n, d) => {
        const denominator = d + 1n
        const value = sqrtRatioToNumber(n, denominator)
        fc.pre(n > 0n)
        const [low, high] = [scaled(value) - halfGap(value), scaled(value) + halfGap(value)]
        const target = n << 2200n
        expect(low * low * denominator <= target && target <= high * high * denominator).toBe(true)
      }),
      seed,
    )
  })

  it('agrees with Math.sqrt on integers and reaches the ends of the range', () => {
    for (let n = 0; n < 500; n++) expect(sqrtRatioToNumber(BigInt(n), 1n)).toBe(Math.sqrt(n))
    expect(ratioToNumber(1n, 1n << 1074n)).toBe(Number.MIN_VALUE)
    expect(ratioToNumber(1n, 1n << 1080n)).toBe(0)
    expect(ratioToNumber((1n << 1024n) - (1n << 970n), 1n)).toBe(Infinity)
    expect(ratioToNumber((1n << 1024n) - (1n << 971n), 1n)).toBe(Number.MAX_VALUE)
    expect(ratioToNumber(-1n, 3n)).toBe(-1 / 3)
  })

  it('refuses what has no value', () => {
    expect(() => ratioToNumber(1n, 0n)).toThrow(/1\/0/)
    expect(() => sqrtRatioToNumber(-1n, 2n)).toThrow(/-1\/2 has no real root/)
    expect(() => new Rational(3n, 0n)).toThrow(/non-zero denominator/)
    expect(() => new SqrtRational(1, new Rational(-1n))).toThrow(/negative/)
  })
})

describe('fractions', () => {
  it('calculate in lowest terms', () => {
    const [a, b] = [new Rational(2n, -4n), new Rational(1n, 3n)]
    expect([a.add(b), a.sub(b), a.mul(b), a.div(b)].map(String)).toEqual(['-1/6', '-5/6', '-1/6', '-3/2'])
    expect(new Rational(6n, 3n).toString()).toBe('2')
    expect(new SqrtRational(-1, new Rational(4n, 8n)).toString()).toBe('-sqrt(1/2)')
    expect(new SqrtRational(-1, new Rational(1n, 2n)).mul(new SqrtRational(-1, new Rational(2n))).toNumber()).toBe(1)
    expect(new SqrtRational(-1, new Rational(1n, 3n)).toNumber()).toBe(-Math.sqrt(1 / 3))
    expect(new SqrtRational(1, Rational.zero).equals(SqrtRational.zero)).toBe(true)
  })
})
