import { InputError } from '../errors.ts'
import { Rational, ratioToNumber, sqrtRatioToNumber } from './rational.ts'

/** Largest denominator that rounding produces: noise of some 1e-13 around a simple fraction vanishes, real digits stay. */
const maxDenominator = 1n << 40n

/**
 * The float64 `x` as an exact fraction of integers, cut to 62 bits: `[numerator, denominator]`.
 * Values below 2^-62 become `[0n, 1n]`.
 *
 * @throws {InputError} if x is NaN or infinite.
 */
export function toIntegerRatio(x: number): readonly [bigint, bigint] {
  if (!Number.isFinite(x)) throw new InputError(`toIntegerRatio: ${x} is no fraction; pass a finite number`)
  if (Math.abs(x) >= 2 ** 62) return [BigInt(x), 1n]
  // The largest power of two that keeps x · 2^bits inside 62 bits; 2^62 itself is the largest denominator.
  const bits = Math.max(0, Math.min(62, 61 - Math.floor(Math.log2(Math.abs(x) || 1))))
  const ratio = new Rational(BigInt(Math.trunc(x * 2 ** bits)), 1n << BigInt(bits))
  return [ratio.numerator, ratio.denominator]
}

/**
 * The fraction nearest to `numerator / denominator` whose denominator is at most `limit`, by continued fractions.
 *
 * @throws {InputError} if denominator or limit is not positive.
 */
export function limitDenominator(numerator: bigint, denominator: bigint, limit: bigint): readonly [bigint, bigint] {
  if (denominator <= 0n || limit <= 0n)
    throw new InputError(`limitDenominator: denominator ${denominator} and limit ${limit} must be positive`)
  const exact = new Rational(numerator, denominator)
  if (exact.denominator <= limit) return [exact.numerator, exact.denominator]
  let [p0, q0, p1, q1] = [0n, 1n, 1n, 0n]
  let [n, d] = [exact.numerator, exact.denominator]
  for (;;) {
    const a = floorDivide(n, d)
    const q2 = q0 + a * q1
    if (q2 > limit) break
    ;[p0, q0, p1, q1] = [p1, q1, p0 + a * p1, q2]
    ;[n, d] = [d, n - a * d]
  }
  // Between the last convergent and the last semi-convergent that fits, the nearer one wins; ties go to the convergent.
  const k = (limit - q0) / q1
  const semi: readonly [bigint, bigint] = [p0 + k * p1, q0 + k * q1]
  const distance = ([p, q]: readonly [bigint, bigint]) => new Rational(magnitude(p * exact.denominator - exact.numerator * q), q * exact.denominator)
  const [ofConvergent, ofSemi] = [distance([p1, q1]), distance(semi)]
  return ofConvergent.numerator * ofSemi.denominator <= ofSemi.numerator * ofConvergent.denominator ? [p1, q1] : semi
}

/** x moved to the nearest fraction n/d with d ≤ 2^40, back as float64: `roundToRational(0.75 + 1e-13) = 0.75`. */
export function roundToRational(x: number): number {
  const [n, d] = limitDenominator(...toIntegerRatio(x), maxDenominator)
  return ratioToNumber(n, d)
}

/** x moved to the nearest ±√(n/d) with d ≤ 2^40, back as float64: `roundToSqrtRational(√3 + 1e-13) = √3`. */
export function roundToSqrtRational(x: number): number {
  // Squares of such numbers are integers beyond 62 bits, where there is nothing to round.
  if (Math.abs(x) >= 2 ** 53) return roundToRational(x)
  const [n, d] = limitDenominator(...toIntegerRatio(x * x), maxDenominator)
  const root = sqrtRatioToNumber(n, d)
  return x < 0 && root !== 0 ? -root : root
}

function floorDivide(n: bigint, d: bigint): bigint {
  const quotient = n / d
  return n % d !== 0n && n < 0n !== d < 0n ? quotient - 1n : quotient
}

function magnitude(n: bigint): bigint {
  return n < 0n ? -n : n
}
