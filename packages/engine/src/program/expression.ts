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

/** Numbers of sizes that are traced with: primes far from each other and from the numbers of models, in two sets of distinct differences. */
const probes: readonly (readonly [number, number])[] = [
  [10_007, 10_037],
  [20_011, 20_063],
  [30_011, 30_113],
  [40_009, 40_189],
  [50_021, 50_311],
  [60_013, 60_427],
  [70_001, 70_607],
  [80_021, 80_831],
  [90_001, 91_019],
  [100_003, 101_287],
  [110_017, 111_611],
  [120_011, 122_033],
]

/** The most sizes that can vary independently in one program. */
export const maxSizes = probes.length

/** The sizes to trace with, of trace 0 or 1. */
export function probeSizes(count: number, trace: 0 | 1): number[] {
  return probes.slice(0, count).map((pair) => pair[trace])
}

/** Coefficients of the smaller term that are tried for sums of two sizes. */
const triedCoefficients = 64
/** Largest constant beside sizes. */
const largestConstant = 4_000

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
  let best: SizeExpression | undefined
  for (let k = 0; k < p.length; k++) {
    const coefficient = (a - b) / ((p[k] ?? 0) - (q[k] ?? 0))
    if (!Number.isInteger(coefficient)) continue
    best = closer(best, { constant: a - coefficient * (p[k] ?? 0), terms: [{ coefficient, powers: unit(p.length, k) }] })
  }
  return best
}

function sumOfTwo(a: number, b: number, p: readonly number[], q: readonly number[]): SizeExpression | undefined {
  let best: SizeExpression | undefined
  const difference = (k: number) => (p[k] ?? 0) - (q[k] ?? 0)
  for (let k = 0; k < p.length; k++)
    for (let l = 0; l < p.length; l++)
      for (let first = -triedCoefficients; first <= triedCoefficients; first++) {
        if (k === l || first === 0) continue
        const second = (a - b - first * difference(k)) / difference(l)
        if (!Number.isInteger(second) || second === 0) continue
        const constant = a - first * (p[k] ?? 0) - second * (p[l] ?? 0)
        best = closer(best, {
          constant,
          terms: [
            { coefficient: first, powers: unit(p.length, k) },
            { coefficient: second, powers: unit(p.length, l) },
          ],
        })
      }
  return best
}

function closer(best: SizeExpression | undefined, found: SizeExpression): SizeExpression | undefined {
  if (Math.abs(found.constant) > largestConstant) return best
  return best && Math.abs(best.constant) <= Math.abs(found.constant) ? best : found
}

function unit(length: number, at: number): number[] {
  return Array.from({ length }, (_, k) => (k === at ? 1 : 0))
}

/** For people: `3·s0 + 1`. */
export function format({ constant, terms }: SizeExpression): string {
  const products = terms.map(({ coefficient, powers }) => {
    const factors = powers.flatMap((power, k) => (power === 0 ? [] : [power === 1 ? `s${k}` : `s${k}^${power}`]))
    return [...(coefficient === 1 && factors.length > 0 ? [] : [`${coefficient}`]), ...factors].join('·')
  })
  return [...products, ...(constant === 0 ? [] : [`${constant}`])].join(' + ')
}
