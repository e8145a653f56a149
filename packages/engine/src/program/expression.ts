/** `constant + Σ_t coefficient_t · Π_k size_k ^ powers_t[k]`: a number of a program as it depends on sizes. */
export interface SizeExpression {
  readonly constant: number
  readonly terms: readonly { readonly coefficient: number; readonly powers: readonly number[] }[]
}

export function evaluate({ constant, terms }: SizeExpression, sizes: readonly number[]): number {
  let sum = constant
  for (const { coefficient, powers } of terms) {
    let product = coefficient
    for (let k = 0; k < powers.length; k++) for (let n = powers[k] ?? 0; n > 0; n--) product *= sizes[k] ?? 0
    sum += product
  }
  return sum
}

/**
 * Numbers that sizes have in two traces: primes without small integer relations between them, larger than the numbers of models, and so
 * small that functions which loop over their sizes come to an end.
 */
const probes: readonly (readonly [number, number])[] = [
  [12_097, 8_753],
  [13_421, 18_481],
  [6_857, 9_857],
  [16_187, 7_691],
  [12_853, 17_167],
  [7_013, 15_641],
  [9_923, 6_673],
  [7_561, 14_221],
  [13_879, 7_247],
  [10_429, 7_639],
  [16_493, 14_009],
  [7_039, 16_829],
]

/** The most sizes that can vary independently in one program. */
export const maxSizes = probes.length

/** The sizes to trace with, of trace 0 or 1. */
export function probeSizes(count: number, trace: 0 | 1): number[] {
  return probes.slice(0, count).map((pair) => pair[trace])
}

/** Largest coefficients in sums of two sizes. */
const largestCoefficient = 32
/** Largest constant beside multiples of one size, and of two. */
const largestConstant = 4_000
const largestConstantOfTwo = 1_000

/**
 * The expression that is `a` at sizes `p` and `b` at sizes `q`, if there is one: a number, a product of powers of sizes, or a sum of
 * a number and multiples of at most two sizes. With the sizes of {@link probeSizes} at most one of small coefficients fits.
 */
export function decode(a: number, b: number, p: readonly number[], q: readonly number[]): number | SizeExpression | undefined {
  if (a === b) return a
  if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b)) return undefined
  return monomial(a, b, p, q) ?? affine(a, b, p, q) ?? sumOfTwo(a, b, p, q)
}

function monomial(a: number, b: number, p: readonly number[], q: readonly number[]): SizeExpression | undefined {
  let coefficient = a
  const powers = p.map((prime) => {
    let power = 0
    while (coefficient !== 0 && coefficient % prime === 0) {
      coefficient /= prime
      power++
    }
    return power
  })
  const expression = { constant: 0, terms: [{ coefficient, powers }] }
  return evaluate(expression, q) === b ? expression : undefined
}

function affine(a: number, b: number, p: readonly number[], q: readonly number[]): SizeExpression | undefined {
  const found: SizeExpression[] = []
  for (let k = 0; k < p.length; k++) {
    const coefficient = (a - b) / difference(p, q, k)
    const constant = a - coefficient * (p[k] ?? 0)
    if (Number.isInteger(coefficient) && Math.abs(constant) <= largestConstant) found.push({ constant, terms: [{ coefficient, powers: unit(p.length, k) }] })
  }
  return simplest(found)
}

function sumOfTwo(a: number, b: number, p: readonly number[], q: readonly number[]): SizeExpression | undefined {
  const found: SizeExpression[] = []
  for (let k = 0; k < p.length; k++)
    for (let l = 0; l < p.length; l++)
      for (let first = -largestCoefficient; k !== l && first <= largestCoefficient; first++) {
        const second = (a - b - first * difference(p, q, k)) / difference(p, q, l)
        const constant = a - first * (p[k] ?? 0) - second * (p[l] ?? 0)
        if (first === 0 || second === 0 || !Number.isInteger(second)) continue
        if (Math.abs(second) > largestCoefficient || Math.abs(constant) > largestConstantOfTwo) continue
        found.push({
          constant,
          terms: [
            { coefficient: first, powers: unit(p.length, k) },
            { coefficient: second, powers: unit(p.length, l) },
          ],
        })
      }
  return simplest(found)
}

function difference(p: readonly number[], q: readonly number[], k: number): number {
  return (p[k] ?? 0) - (q[k] ?? 0)
}

/** The expression with the smallest numbers. */
function simplest(found: readonly SizeExpression[]): SizeExpression | undefined {
  const cost = ({ constant, terms }: SizeExpression) => terms.reduce((sum, { coefficient }) => sum + Math.abs(coefficient), Math.abs(constant) / 8)
  return found.reduce<SizeExpression | undefined>((best, own) => (best && cost(best) <= cost(own) ? best : own), undefined)
}

function unit(length: number, at: number): number[] {
  return Array.from({ length }, (_, k) => (k === at ? 1 : 0))
}
