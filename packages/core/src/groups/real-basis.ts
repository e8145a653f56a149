import { ComplexArray } from '../math/complex-array.ts'
import { binomial, factorial } from '../math/factorials.ts'
import { HostArray } from '../math/host-array.ts'
import { sqrtRatioToNumber } from '../math/rational.ts'

/*
 * The unitary Q of degree l turns real components (columns, −l … l) into complex ones (rows, m = −l … l): for m < 0,
 * Q_m,|m| = 1/√2 and Q_m,−|m| = −i/√2; Q_00 = 1; for m > 0, (−1)^m/√2 and i(−1)^m/√2 in the same two columns; all times
 * (−i)^l.
 */

/** Phase of `Q_{m, column}` in quarter turns: its value is `i^phase`, times 1/√2 unless m = 0. */
export function phase(l: number, m: number, column: number): number {
  const side = column < 0 ? (m < 0 ? 3 : 1) : 0
  return 3 * l + side + (m > 0 && m % 2 !== 0 ? 2 : 0)
}

/** Real part of `i^turns`. */
export function realTurn(turns: number): number {
  const quarter = ((turns % 4) + 4) % 4
  return quarter === 0 ? 1 : quarter === 2 ? -1 : 0
}

/** m and −m, or 0 alone. */
export function bothSigns(m: number): readonly number[] {
  return m === 0 ? [0] : [-m, m]
}

/** Q itself, shape (2l+1, 2l+1). */
export function realToComplex(l: number): ComplexArray {
  const dim = 2 * l + 1
  const re = new Float64Array(dim * dim)
  const im = new Float64Array(dim * dim)
  for (let m = -l; m <= l; m++)
    for (const column of bothSigns(Math.abs(m))) {
      const magnitude = m === 0 ? 1 : Math.SQRT1_2
      const flat = (l + m) * dim + l + column
      re[flat] = magnitude * realTurn(phase(l, m, column))
      im[flat] = magnitude * realTurn(phase(l, m, column) - 1)
    }
  return new ComplexArray(new HostArray([dim, dim], re), new HostArray([dim, dim], im))
}

/**
 * The rotation by 90° about x, which takes y to z, in the real basis: `Q† d(π/2) Q` with Wigner's small d-matrix. Since
 * `|d_m',m| = |d_±m',±m|` at this angle, every entry is one square root of a rational, and is rounded once.
 */
export function quarterTurnAboutX(l: number): HostArray {
  const dim = 2 * l + 1
  const data = new Float64Array(dim * dim)
  for (let a = 0; a <= l; a++)
    for (let b = 0; b <= l; b++) {
      const sum = smallDSum(l, a, b)
      if (sum === 0n) continue
      const halvings = (a === 0 ? 0 : 1) + (b === 0 ? 0 : 1)
      for (const row of bothSigns(a))
        for (const column of bothSigns(b)) {
          let terms = 0
          for (const m1 of bothSigns(a))
            for (const m2 of bothSigns(b)) terms += realTurn(phase(l, m2, column) - phase(l, m1, row) + (smallDSum(l, m1, m2) < 0n ? 2 : 0))
          const numerator = BigInt(terms * terms) * sum * sum * factorial(l + a) * factorial(l - a)
          const denominator = (factorial(l + b) * factorial(l - b)) << BigInt(2 * l + halvings)
          data[(l + row) * dim + l + column] = Math.sign(terms) * sqrtRatioToNumber(numerator, denominator)
        }
    }
  return new HostArray([dim, dim], data)
}

/** `2^l · d_m',m(π/2) · √((l+m)! (l−m)! / ((l+m')! (l−m')!)) = Σ_k (−1)^{k+m'−m} C(l+m, k) C(l−m, l−m'−k)`. */
function smallDSum(l: number, m1: number, m2: number): bigint {
  let sum = 0n
  for (let k = 0; k <= Math.min(l + m2, l - m1); k++) {
    const term = binomial(l + m2, k) * binomial(l - m2, l - m1 - k)
    sum += (k + m1 - m2) % 2 === 0 ? term : -term
  }
  return sum
}
