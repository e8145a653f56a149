import { InputError } from '../errors.ts'
import { clebschGordan, Irrep, type IrrepClass } from '../groups/index.ts'
import { gcd, limitDenominator, roundToSqrtRational, toIntegerRatio } from '../math/index.ts'
import { describe, requireInteger } from './arguments.ts'
import { at } from './at.ts'

/** `coefficient · x^a · y^b · z^c` with exponents [a, b, c]. */
export interface Monomial {
  readonly coefficient: number
  readonly exponents: readonly [number, number, number]
}

/** One component of a spherical harmonic: its monomials, and the same as text, `√15·x·z`. */
export interface HarmonicFormula {
  readonly monomials: readonly Monomial[]
  readonly text: string
}

/** Homogeneous polynomial in (x, y, z): coefficients under `a · stride + b`, where a and b are the exponents of x and y. */
type Polynomial = ReadonlyMap<number, number>

interface Harmonics {
  readonly ir: Irrep
  readonly components: readonly Polynomial[]
}

const stride = 1024
const negligible = 1e-12
/** Squares of coefficients are fractions over a power of two, at most this for every l that is practical. */
const largestPrintedDenominator = 1n << 24n
/** Prime factors of those squares are at most 2l + 1. */
const largestPrime = 1000n

const known = new WeakMap<IrrepClass, Map<string, Harmonics>>()

/**
 * Y_l of a vector in the irrep `vector`: homogeneous of degree l, `Σ_m Y_m² = (2l+1) |x|^{2l}`.
 *
 * Y_l ∝ the coupling of Y_{l−⌊l/2⌋} and Y_{⌊l/2⌋} to the largest irrep of their product, scaled to `|Y(0,1,0)| = √(2l+1)`.
 *
 * @throws {InputError} if the irrep has no such harmonics, or l is not a non-negative integer.
 */
export function harmonics(vector: Irrep, l: number): Harmonics {
  if (!(vector instanceof Irrep)) throw new InputError(`sphericalHarmonics: the irrep of the vector is ${describe(vector)}; pass an irrep such as new O3(1, -1)`)
  requireInteger('sphericalHarmonics', 'a degree l', l, 0)
  if (vector.dim !== 3 || !vector.complexGenerators().isReal)
    throw new InputError(`sphericalHarmonics: '${vector.toString()}' of ${vector.group.label} is no real three-dimensional irrep; pass the irrep of a vector, such as new O3(1, -1)`)
  let ofGroup = known.get(vector.group)
  if (!ofGroup) known.set(vector.group, (ofGroup = new Map<string, Harmonics>()))
  const key = `${vector.toString()} ${l}`
  let result = ofGroup.get(key)
  if (!result) ofGroup.set(key, (result = make(vector, l)))
  return result
}

/**
 * The formulas of `Y_l,m(x, y, z)` (see {@link sphericalHarmonics}) for each component, as monomials and as text.
 *
 * @throws {InputError} if the irrep has no such harmonics, or l is not a non-negative integer.
 */
export function sphericalHarmonicsFormulas(vector: Irrep, l: number): readonly HarmonicFormula[] {
  return harmonics(vector, l).components.map((component) => {
    const monomials = [...component].map(([code, coefficient]): Monomial => {
      const [a, b] = [Math.floor(code / stride), code % stride]
      return { coefficient, exponents: [a, b, l - a - b] }
    })
    return { monomials, text: monomials.map(monomialText).join(' + ').replaceAll('+ -', '- ') || '0' }
  })
}

/** Sorted variables (0, 1 or 2) of each monomial with its coefficient. */
export function sortedFactors(component: Polynomial, l: number): readonly (readonly [factors: readonly number[], coefficient: number])[] {
  return [...component].map(([code, coefficient]) => {
    const [a, b] = [Math.floor(code / stride), code % stride]
    const factors = [a, b, l - a - b].flatMap((exponent, variable) => Array.from({ length: exponent }, () => variable))
    return [factors, coefficient] as const
  })
}

function make(vector: Irrep, l: number): Harmonics {
  const x: Harmonics = { ir: vector, components: [new Map([[stride, 1]]), new Map([[1, 1]]), new Map([[0, 1]])] }
  if (l === 0) return { ir: vector.group.trivial(), components: [new Map([[0, 1]])] }
  if (l === 1) return normalised(x, l)
  const half = Math.floor(l / 2)
  const [left, right] = [harmonics(vector, l - half), harmonics(vector, half)]
  const ir = largest([...vector.group.product(left.ir, right.ir)])
  if (ir?.dim !== 2 * l + 1)
    throw new InputError(`sphericalHarmonics: ${vector.group.label} has no irrep of dimension ${2 * l + 1} in ${left.ir.toString()} x ${right.ir.toString()}; lower l`)
  const coupling = clebschGordan(left.ir, right.ir, ir)
  const components = Array.from({ length: ir.dim }, () => new Map<number, number>())
  let flat = 0
  for (const p of left.components)
    for (const q of right.components)
      for (const out of components) {
        const c = at(coupling.data, flat++)
        if (c !== 0) for (const [a, u] of p) for (const [b, v] of q) out.set(a + b, (out.get(a + b) ?? 0) + c * u * v)
      }
  return normalised({ ir, components }, l)
}

function largest(irs: readonly Irrep[]): Irrep | undefined {
  return irs.reduce<Irrep | undefined>((best, ir) => (best && best.dim >= ir.dim ? best : ir), undefined)
}

/** Scaled to √(2l+1) at the pole (0, 1, 0), where only y^l survives; coefficients are square roots of fractions. */
function normalised({ ir, components }: Harmonics, l: number): Harmonics {
  const atPole = Math.hypot(...components.map((component) => component.get(l) ?? 0))
  const scale = Math.sqrt(2 * l + 1) / atPole
  const scaled = components.map(
    (component) =>
      new Map(
        [...component]
          .sort(([a], [b]) => b - a)
          .flatMap(([code, value]) => (Math.abs(value * scale) < negligible ? [] : [[code, roundToSqrtRational(value * scale)] as const])),
      ),
  )
  return { ir, components: scaled }
}

function monomialText({ coefficient, exponents }: Monomial): string {
  const variables = ['x', 'y', 'z'].flatMap((name, axis) => {
    const exponent = exponents[axis] ?? 0
    return exponent === 0 ? [] : [exponent === 1 ? name : `${name}^${exponent}`]
  })
  const number = rootText(Math.abs(coefficient))
  const factors = number === '1' && variables.length > 0 ? variables : [number, ...variables]
  return `${coefficient < 0 ? '-' : ''}${factors.join('·')}`
}

/** A positive number as `a`, `√a`, `(a/b)√c`, with a square-free root; decimal where its square is no simple fraction. */
function rootText(value: number): string {
  const [n, d] = limitDenominator(...toIntegerRatio(value * value), largestPrintedDenominator)
  const [numerator, denominator] = [n * d, d]
  const [outside, inside] = squareFree(numerator)
  const divisor = gcd(outside, denominator)
  const [a, b] = [outside / divisor, denominator / divisor]
  if (Math.abs((Number(a) / Number(b)) * Math.sqrt(Number(inside)) - value) > 1e-12 * value) return String(value)
  const root = inside === 1n ? '' : `√${inside}`
  if (b === 1n) return a === 1n && root ? root : `${a}${root}`
  return `(${a}/${b})${root}`
}

/** n = outside² · inside with a square-free inside, by trial division by small primes. */
function squareFree(n: bigint): readonly [outside: bigint, inside: bigint] {
  let [outside, inside, rest] = [1n, 1n, n]
  for (let p = 2n; p * p <= rest && p <= largestPrime; p++)
    while (rest % p === 0n) {
      rest /= p
      if (rest % p === 0n) {
        rest /= p
        outside *= p
      } else inside *= p
    }
  return [outside, inside * rest]
}
