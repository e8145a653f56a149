/**
 * Elementary functions in fixed point with 256 bits behind the point, from their series: what float64 kernels are compared with.
 */

const bits = 256n
const one = 1n << bits

const times = (a: bigint, b: bigint) => (a * b) >> bits
const over = (a: bigint, b: bigint) => (a << bits) / b

/** A float64 number of ordinary size, exactly. */
function fixed(x: number): bigint {
  const exponent = Math.max(-200, Math.floor(Math.log2(Math.abs(x) || 1)))
  const mantissa = BigInt(x * 2 ** (52 - exponent))
  const shift = bits + BigInt(exponent - 52)
  return shift >= 0n ? mantissa << shift : mantissa >> -shift
}

/** Σ term, where each term follows from the one before. */
function series(first: bigint, next: (term: bigint, n: bigint) => bigint): bigint {
  let sum = 0n
  let term = first
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    sum += term
    term = next(term, n)
  }
  return sum
}

/** `2 artanh(s) = 2 s + 2 s³/3 + …` */
function doubleArtanh(s: bigint): bigint {
  const square = times(s, s)
  let power = 2n * s
  return series(power, (_, n) => {
    power = times(power, square)
    return power / (2n * n + 1n)
  })
}

function arctanOfInverse(n: bigint): bigint {
  let power = one / n
  return series(power, (_, k) => {
    power = -power / (n * n)
    return power / (2n * k + 1n)
  })
}

const ln2 = doubleArtanh(one / 3n)
const pi = 16n * arctanOfInverse(5n) - 4n * arctanOfInverse(239n)

/** `value · 2^exponent`. */
export interface Reference {
  readonly value: bigint
  readonly exponent: number
}

const plain = (value: bigint): Reference => ({ value, exponent: 0 })

export function exp(x: number): Reference {
  const k = Math.round(x / Math.LN2)
  const r = fixed(x) - BigInt(k) * ln2
  return { value: series(one, (term, n) => times(term, r) / n), exponent: k }
}

/** `eˣ` for x that is not far from 0. */
function near(x: number): bigint {
  const { value, exponent } = exp(x)
  return exponent >= 0 ? value << BigInt(exponent) : value >> BigInt(-exponent)
}

export const expm1 = (x: number) => plain(near(x) - one)
export const tanh = (x: number) => plain(over(near(2 * x) - one, near(2 * x) + one))
export const sigmoid = (x: number) => plain(over(one, one + near(-x)))
export const silu = (x: number) => plain(over(fixed(x), one + near(-x)))
export function power(x: number, n: number): Reference {
  if (n < 0) return plain(over(one, power(x, -n).value))
  let product = one
  for (let k = 0; k < n; k++) product = times(product, fixed(x))
  return plain(product)
}

export function log(x: number): Reference {
  const exponent = Math.round(Math.log2(x))
  const m = fixed(x * 2 ** -exponent)
  return plain(BigInt(exponent) * ln2 + doubleArtanh(over(m - one, m + one)))
}

function sineOf(x: bigint): bigint {
  const turn = 2n * pi
  const r = ((x % turn) + turn) % turn
  const square = times(r, r)
  return series(r, (term, n) => -times(term, square) / (2n * n * (2n * n + 1n)))
}

export const sin = (x: number) => plain(sineOf(fixed(x)))
export const cos = (x: number) => plain(sineOf(fixed(x) + pi / 2n))

export function rsqrt(x: number): Reference {
  // Newton's iteration on integers, from the float64 value.
  let y = fixed(1 / Math.sqrt(x))
  for (let k = 0; k < 4; k++) y += times(y, one - times(fixed(x), times(y, y))) / 2n
  return plain(y)
}

/** Distance of a float64 number from a reference, in units of the last place of the number. */
export function ulpsFrom({ value, exponent }: Reference, got: number): number {
  const scaled = got * 2 ** -exponent
  const ulp = 2 ** (Math.floor(Math.log2(Math.abs(scaled))) - 52)
  return Math.abs(Number(fixed(scaled) - value)) / (ulp * 2 ** 256)
}
