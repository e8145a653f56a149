import { InputError } from '../errors.ts'
import { inspectSymbol } from './inspect.ts'

/** Greatest common divisor of |a| and |b|; `gcd(0, 0) = 0`. */
export function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a
  let y = b < 0n ? -b : b
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** ⌊√n⌋ of a non-negative integer. @throws {InputError} if n < 0. */
export function integerSquareRoot(n: bigint): bigint {
  if (n < 0n) throw new InputError(`integerSquareRoot: ${n} is negative; pass a non-negative integer`)
  if (n < 2n) return n
  // Newton from above never undershoots, so the first step that does not decrease is the answer.
  let x = 1n << BigInt((bitLength(n) + 1) >> 1)
  for (;;) {
    const next = (x + n / x) >> 1n
    if (next >= x) return x
    x = next
  }
}

/** Number of binary digits of a non-negative integer; 0 for 0. */
export function bitLength(n: bigint): number {
  if (n === 0n) return 0
  const hex = n.toString(16)
  return 4 * hex.length - (Math.clz32(Number.parseInt(hex.charAt(0), 16)) - 28)
}

/** 53 significant bits, one bit to round and one that stays set if anything was cut off. */
const workingBits = 55

/** numerator / denominator, correctly rounded to float64 (ties to even). Exact, also where neither fits a float64. */
export function ratioToNumber(numerator: bigint, denominator: bigint): number {
  if (denominator === 0n) throw new InputError(`ratioToNumber: ${numerator}/0 has no value; pass a non-zero denominator`)
  const negative = numerator < 0n !== denominator < 0n
  const n = numerator < 0n ? -numerator : numerator
  const d = denominator < 0n ? -denominator : denominator
  if (n === 0n) return 0
  const shift = workingBits - (bitLength(n) - bitLength(d))
  const scaled = shift >= 0 ? n << BigInt(shift) : n
  const divisor = shift >= 0 ? d : d << BigInt(-shift)
  const quotient = scaled / divisor
  const value = roundScaled(quotient, scaled % divisor !== 0n, -shift)
  return negative ? -value : value
}

/** √(numerator / denominator), correctly rounded to float64. @throws {InputError} if the ratio is negative or undefined. */
export function sqrtRatioToNumber(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n || denominator <= 0n)
    throw new InputError(`sqrtRatioToNumber: ${numerator}/${denominator} has no real root; pass numerator >= 0 and denominator > 0`)
  if (numerator === 0n) return 0
  // √(n/d) = √(n · 4^s / d) / 2^s, with s chosen so that the integer root has enough bits.
  const shift = Math.ceil((2 * workingBits - (bitLength(numerator) - bitLength(denominator))) / 2)
  const scaled = shift >= 0 ? numerator << BigInt(2 * shift) : numerator
  const divisor = shift >= 0 ? denominator : denominator << BigInt(-2 * shift)
  const quotient = scaled / divisor
  const root = integerSquareRoot(quotient)
  return roundScaled(root, root * root !== quotient || scaled % divisor !== 0n, -shift)
}

/** (quotient + something in (0, 1) if `inexact`) · 2^exponent, rounded once. */
function roundScaled(quotient: bigint, inexact: boolean, exponent: number): number {
  // Below 2^-1022 fewer than 53 bits remain, so the cut must be made before the conversion.
  const lost = Math.max(0, bitLength(quotient) - 53, -1074 - exponent)
  if (lost === 0) return Number(quotient) * 2 ** exponent
  const unit = 1n << BigInt(lost)
  const kept = quotient >> BigInt(lost)
  const twiceRest = 2n * (quotient & (unit - 1n))
  const up = twiceRest > unit || (twiceRest === unit && (inexact || (kept & 1n) === 1n))
  return scaleByPowerOfTwo(Number(up ? kept + 1n : kept), exponent + lost)
}

/** value · 2^exponent in two exact steps, because 2^exponent alone may overflow or underflow. */
function scaleByPowerOfTwo(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2)
  return value * 2 ** half * 2 ** (exponent - half)
}

/** Exact fraction of two integers in lowest terms, denominator positive. */
export class Rational {
  static readonly zero: Rational = new Rational(0n)
  static readonly one: Rational = new Rational(1n)

  readonly numerator: bigint
  readonly denominator: bigint

  /** @throws {InputError} if the denominator is 0. */
  constructor(numerator: bigint, denominator = 1n) {
    if (denominator === 0n) throw new InputError(`Rational: ${numerator}/0 has no value; pass a non-zero denominator`)
    const divisor = gcd(numerator, denominator) * (denominator < 0n ? -1n : 1n)
    this.numerator = numerator / divisor
    this.denominator = denominator / divisor
  }

  add(other: Rational): Rational {
    return new Rational(this.numerator * other.denominator + other.numerator * this.denominator, this.denominator * other.denominator)
  }

  sub(other: Rational): Rational {
    return this.add(other.neg())
  }

  mul(other: Rational): Rational {
    return new Rational(this.numerator * other.numerator, this.denominator * other.denominator)
  }

  /** @throws {InputError} if `other` is 0. */
  div(other: Rational): Rational {
    return new Rational(this.numerator * other.denominator, this.denominator * other.numerator)
  }

  neg(): Rational {
    return new Rational(-this.numerator, this.denominator)
  }

  equals(other: Rational): boolean {
    return this.numerator === other.numerator && this.denominator === other.denominator
  }

  /** The nearest float64. */
  toNumber(): number {
    return ratioToNumber(this.numerator, this.denominator)
  }

  toString(): string {
    return this.denominator === 1n ? `${this.numerator}` : `${this.numerator}/${this.denominator}`
  }

  [inspectSymbol](): string {
    return this.toString()
  }
}

/** Exact `sign · √square` with a non-negative rational square: the numbers that Clebsch–Gordan coefficients are made of. */
export class SqrtRational {
  static readonly zero: SqrtRational = new SqrtRational(0, Rational.zero)

  readonly sign: -1 | 0 | 1
  readonly square: Rational

  /** @throws {InputError} if the square is negative. */
  constructor(sign: -1 | 0 | 1, square: Rational) {
    if (square.numerator < 0n) throw new InputError(`SqrtRational: the square ${square.toString()} is negative; pass a non-negative one`)
    this.sign = square.numerator === 0n ? 0 : sign
    this.square = this.sign === 0 ? Rational.zero : square
  }

  mul(other: SqrtRational): SqrtRational {
    return new SqrtRational(signOf(this.sign * other.sign), this.square.mul(other.square))
  }

  neg(): SqrtRational {
    return new SqrtRational(signOf(-this.sign), this.square)
  }

  equals(other: SqrtRational): boolean {
    return this.sign === other.sign && this.square.equals(other.square)
  }

  /** The nearest float64. */
  toNumber(): number {
    const magnitude = sqrtRatioToNumber(this.square.numerator, this.square.denominator)
    return this.sign < 0 ? -magnitude : magnitude
  }

  toString(): string {
    return this.sign === 0 ? '0' : `${this.sign < 0 ? '-' : ''}sqrt(${this.square.toString()})`
  }

  [inspectSymbol](): string {
    return this.toString()
  }
}

function signOf(value: number): -1 | 0 | 1 {
  return value > 0 ? 1 : value < 0 ? -1 : 0
}
