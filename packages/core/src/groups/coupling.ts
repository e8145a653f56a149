import { InputError } from '../errors.ts'
import { binomial, factorial } from '../math/factorials.ts'
import { HostArray } from '../math/host-array.ts'
import { Rational, SqrtRational, sqrtRatioToNumber } from '../math/rational.ts'
import { bothSigns, phase, realTurn } from './real-basis.ts'

/**
 * `⟨j1 m1, j2 m2 | j3 m3⟩ = sign · √(numerator/denominator)`, not reduced to lowest terms.
 * All angular momenta are passed doubled, so that they are integers.
 */
interface Coupling {
  readonly sign: number
  readonly numerator: bigint
  readonly denominator: bigint
}

/** The three angular momenta can couple: triangle inequality and integer sum. */
export function isTriangle(twoJ1: number, twoJ2: number, twoJ3: number): boolean {
  return (twoJ1 + twoJ2 + twoJ3) % 2 === 0 && Math.abs(twoJ1 - twoJ2) <= twoJ3 && twoJ3 <= twoJ1 + twoJ2
}

/**
 * Condon–Shortley coefficient by Racah's sum, in integers: with a = j1+j2−j3, b = j1−j2+j3, c = −j1+j2+j3,
 * J = j1+j2+j3 and S = Σ_k (−1)^k C(a,k) C(b, j1−m1−k) C(c, j2+m2−k),
 *
 * `⟨…⟩² = (2·j3+1) · Π_i (j_i+m_i)! (j_i−m_i)! · S² / ((J+1)! a! b! c!)`, with the sign of S.
 *
 * Source: Racah, Phys. Rev. 62, 438 (1942), eq. 16, with the factorials of the sum gathered into binomials.
 */
function racah(twoJ1: number, twoM1: number, twoJ2: number, twoM2: number, twoJ3: number): Coupling {
  const twoM3 = twoM1 + twoM2
  if (Math.abs(twoM1) > twoJ1 || Math.abs(twoM2) > twoJ2 || Math.abs(twoM3) > twoJ3) return { sign: 0, numerator: 0n, denominator: 1n }
  const [a, b, c] = [(twoJ1 + twoJ2 - twoJ3) / 2, (twoJ1 - twoJ2 + twoJ3) / 2, (-twoJ1 + twoJ2 + twoJ3) / 2]
  const [down, up] = [(twoJ1 - twoM1) / 2, (twoJ2 + twoM2) / 2]
  let sum = 0n
  for (let k = Math.max(0, down - b, up - c); k <= Math.min(a, down, up); k++) {
    const term = binomial(a, k) * binomial(b, down - k) * binomial(c, up - k)
    sum += k % 2 === 0 ? term : -term
  }
  let numerator = BigInt(twoJ3 + 1) * sum * sum
  for (const [twoJ, twoM] of [[twoJ1, twoM1], [twoJ2, twoM2], [twoJ3, twoM3]] as const)
    numerator *= factorial((twoJ + twoM) / 2) * factorial((twoJ - twoM) / 2)
  const denominator = factorial((twoJ1 + twoJ2 + twoJ3) / 2 + 1) * factorial(a) * factorial(b) * factorial(c)
  return { sign: sum > 0n ? 1 : sum < 0n ? -1 : 0, numerator, denominator }
}

/**
 * Exact SU(2) coupling `⟨j1 m1, j2 m2 | j3 m1+m2⟩` in the Condon–Shortley convention.
 *
 * @throws {InputError} if a number is not a half-integer or m does not belong to j.
 */
export function exactClebschGordan(j1: number, m1: number, j2: number, m2: number, j3: number): SqrtRational {
  for (const j of [j1, j2, j3])
    if (!Number.isSafeInteger(2 * j) || j < 0) throw new InputError(`exactClebschGordan: j = ${j} must be a non-negative half-integer`)
  for (const [j, m] of [[j1, m1], [j2, m2]] as const)
    if (!Number.isSafeInteger(j - m) || Math.abs(m) > j) throw new InputError(`exactClebschGordan: m = ${m} must be one of -${j}, ..., ${j}`)
  if (!isTriangle(2 * j1, 2 * j2, 2 * j3)) return SqrtRational.zero
  const { sign, numerator, denominator } = racah(2 * j1, 2 * m1, 2 * j2, 2 * m2, 2 * j3)
  return new SqrtRational(sign > 0 ? 1 : sign < 0 ? -1 : 0, new Rational(numerator, denominator))
}

/** `C_ijk = ⟨j1 i−j1, j2 j−j2 | j3 k−j3⟩` of shape (2·j1+1, 2·j2+1, 2·j3+1), every entry rounded once; arguments doubled. */
export function su2Coupling(twoJ1: number, twoJ2: number, twoJ3: number): HostArray {
  const shape = [twoJ1 + 1, twoJ2 + 1, twoJ3 + 1]
  const data = new Float64Array((twoJ1 + 1) * (twoJ2 + 1) * (twoJ3 + 1))
  for (let i = 0; i <= twoJ1; i++)
    for (let j = 0; j <= twoJ2; j++) {
      const k = i + j - (twoJ1 + twoJ2 - twoJ3) / 2
      if (k < 0 || k > twoJ3) continue
      const { sign, numerator, denominator } = racah(twoJ1, 2 * i - twoJ1, twoJ2, 2 * j - twoJ2, twoJ3)
      data[(i * (twoJ2 + 1) + j) * (twoJ3 + 1) + k] = sign * sqrtRatioToNumber(numerator, denominator)
    }
  return new HostArray(shape, data)
}

/**
 * The coupling of real SO(3) irreps, `C_jlm = Σ_ikn Q1_ij Q2_kl conj(Q3_nm) ⟨i, k | n⟩ · √scale`.
 *
 * Q maps real to complex components, see real-basis.ts. A real triple (±a, ±b, ±c) receives only one complex triple
 * and its mirror image, and ⟨−m1, −m2 | −m3⟩ = (−1)^{l1+l2−l3} ⟨m1, m2 | m3⟩; so an entry is one square root of a rational,
 * and is rounded once.
 */
export function so3Coupling(l1: number, l2: number, l3: number, scale: Rational = Rational.one): HostArray {
  const [d1, d2, d3] = [2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1]
  const data = new Float64Array(d1 * d2 * d3)
  for (let a = 0; a <= l1; a++)
    for (let b = -l2; b <= l2; b++) {
      const c = a + b
      // (a, b) and (−a, −b) are mirror images; of those with a = 0, b < 0 is the mirror image of b > 0.
      if (Math.abs(c) > l3 || (a === 0 && b < 0)) continue
      const coupling = racah(2 * l1, 2 * a, 2 * l2, 2 * b, 2 * l3)
      if (coupling.sign === 0) continue
      const mirrored = (l1 + l2 - l3) % 2 === 0 ? 1 : -1
      const isOwnMirror = a === 0 && b === 0
      const halvings = [a, b, c].filter((m) => m !== 0).length
      // |Σ of phases| is 2 for a pair of mirror images and 1 for a triple that is its own.
      const factor = isOwnMirror ? 1n : 4n
      const magnitude = sqrtRatioToNumber(
        coupling.numerator * factor * scale.numerator,
        (coupling.denominator << BigInt(halvings)) * scale.denominator,
      )
      for (const j of bothSigns(a))
        for (const l of bothSigns(b))
          for (const m of bothSigns(c)) {
            const turns = phase(l1, a, j) + phase(l2, b, l) - phase(l3, c, m)
            const mirrorTurns = phase(l1, -a, j) + phase(l2, -b, l) - phase(l3, -c, m) + (mirrored === 1 ? 0 : 2)
            const total = isOwnMirror ? realTurn(turns) : (realTurn(turns) + realTurn(mirrorTurns)) / 2
            if (total !== 0) data[((j + l1) * d2 + l + l2) * d3 + m + l3] = total * coupling.sign * magnitude
          }
    }
  return new HostArray([d1, d2, d3], data)
}

const wignerCache = new Map<string, HostArray>()

/**
 * `W_ijk`: the invariant tensor of three real SO(3) irreps, shape (2·l1+1, 2·l2+1, 2·l3+1), Frobenius norm 1, zero for
 * l's that violate the triangle inequality. Every entry is the float64 nearest to the exact value.
 *
 * Signs are those of e3nn 0.4.4. For even l1+l2+l3 the element with all m = 0 is positive. For odd l1+l2+l3 the first
 * non-zero element (row-major) of the tensor with its l's in ascending order is positive, and exchanging two axes flips
 * the sign.
 *
 * @throws {InputError} if an l is not a non-negative integer.
 */
export function wigner3j(l1: number, l2: number, l3: number): HostArray {
  for (const l of [l1, l2, l3])
    if (!Number.isSafeInteger(l) || l < 0) throw new InputError(`wigner3j(${l1}, ${l2}, ${l3}): l must be a non-negative integer`)
  const key = `${l1},${l2},${l3}`
  let tensor = wignerCache.get(key)
  if (!tensor) {
    tensor = isTriangle(2 * l1, 2 * l2, 2 * l3) ? signed(l1, l2, l3) : HostArray.zeros([2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1])
    wignerCache.set(key, tensor)
  }
  return tensor
}

function signed(l1: number, l2: number, l3: number): HostArray {
  const ls = [l1, l2, l3]
  const order = [0, 1, 2].sort((i, j) => (ls[i] ?? 0) - (ls[j] ?? 0) || i - j)
  const [a = 0, b = 0, c = 0] = order.map((i) => ls[i])
  const sorted = so3Coupling(a, b, c, new Rational(1n, BigInt(2 * c + 1)))
  const isOdd = (l1 + l2 + l3) % 2 === 1
  const reference = isOdd ? (sorted.data.find((value) => value !== 0) ?? 0) : sorted.get(a, b, c)
  const inversions = [[0, 1], [0, 2], [1, 2]].filter(([i = 0, j = 0]) => (order[i] ?? 0) > (order[j] ?? 0)).length
  const sign = Math.sign(reference) * (isOdd && inversions % 2 === 1 ? -1 : 1)
  // Axis i of the result is axis order.indexOf(i) of the sorted tensor.
  const tensor = sorted.permute([0, 1, 2].map((i) => order.indexOf(i)))
  return sign < 0 ? tensor.map((value) => (value === 0 ? 0 : -value)) : tensor
}
