import { InputError } from '../errors.ts'
import { type Irrep, O3, SO3 } from '../groups/index.ts'
import { Irreps } from '../irreps/index.ts'
import { type EquivariantPolynomial, type Path, SegmentedOperand, type SegmentedPolynomial } from '../polynomials/index.ts'
import { commonGroupOf, degreeOf, requireInteger } from '../descriptors/arguments.ts'
import { at } from '../descriptors/at.ts'
import { componentOffsets, equivariant, flattenedOperand, scalarPath, singleProduct } from '../descriptors/build.ts'
import { BoundedCache, cacheKey } from '../descriptors/cache.ts'

export interface EscnOptions {
  /** Only components with |m| up to this; all by default. */
  readonly mMax?: number
  /** Only pairs with |l1 − l2| up to this, for filters of that degree; all by default. */
  readonly lMax?: number
}

export interface EscnCompactOptions {
  /** Only components with |m| up to this; all by default. */
  readonly mMax?: number
}

/** `out[outM] += sign · w · in[inM]`, components numbered by m. */
interface Link {
  readonly inM: number
  readonly outM: number
  readonly sign: number
}

const cache = new BoundedCache<EquivariantPolynomial>()
const compactCache = new BoundedCache<SegmentedPolynomial>()

/**
 * `y[v] += c · w[uv] · x[u]`: the tensor product with spherical harmonics of an edge, in the frame where the edge is the
 * axis y. Equivariant under rotations about y alone.
 *
 * Inputs: the weights, and x in `irrepsIn`; output: `irrepsOut`, without irreps that `lMax` leaves unreachable. A pair of
 * segments with l1 and l2 has up to 2ℓ+1 weights (mul in, mul out), ℓ = min(l1, l2, mMax): weight ℓ−|m| couples m to m, and
 * weight ℓ+|m| couples −m to m, with a minus sign for m < 0. In O(3) parity allows only the first kind or only the second.
 * c makes outputs of unit variance.
 *
 * Source: Passaro and Zitnick, Reducing SO(3) convolutions to SO(2), arXiv:2302.03655.
 *
 * @throws {InputError} if an argument is not irreps of SO(3) or O(3), or an option is not a non-negative integer.
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 */
export function escnTp(irrepsIn: Irreps, irrepsOut: Irreps, { mMax, lMax }: EscnOptions = {}): EquivariantPolynomial {
  const group = commonGroupOf('escnTp', { irrepsIn, irrepsOut })
  for (const { ir } of [...irrepsIn, ...irrepsOut]) degreeOf('escnTp', ir)
  if (mMax !== undefined) requireInteger('escnTp', 'mMax', mMax, 0)
  if (lMax !== undefined) requireInteger('escnTp', 'lMax', lMax, 0)
  return cache.getOrMake(cacheKey(group, irrepsIn, irrepsOut, mMax, lMax), () => {
    const isNear = (a: Irrep, b: Irrep): boolean => Math.abs(degree(a) - degree(b)) <= (lMax ?? Infinity)
    const reached = irrepsOut.segments.filter(({ ir }) => lMax === undefined || irrepsIn.segments.some((input) => isNear(input.ir, ir)))
    return couple(irrepsIn, new Irreps(group, reached), mMax ?? Infinity, isNear)
  })
}

/**
 * {@link escnTp} for SO(3) with features stored by m: segment m of an operand holds the components m of all irreps with
 * l ≥ |m|, m from −l_max to l_max. `y_m[v] += c · w[uv] · x_m[u]`, and for m ≠ 0 a second weight mixes m and −m.
 *
 * Inputs: the weights, m = 0 first, then for each m > 0 the one that keeps m and the one that exchanges −m and m (with a
 * minus sign into m); and x. Output: y.
 *
 * @throws {InputError} if an argument is not irreps of SO(3), or mMax is not a non-negative integer.
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 */
export function escnTpCompact(irrepsIn: Irreps, irrepsOut: Irreps, { mMax }: EscnCompactOptions = {}): SegmentedPolynomial {
  const group = commonGroupOf('escnTpCompact', { irrepsIn, irrepsOut })
  for (const { ir } of [...irrepsIn, ...irrepsOut])
    if (!(ir instanceof SO3)) throw new InputError(`escnTpCompact needs irreps of SO3, but '${ir.toString()}' belongs to ${ir.group.label}; without parity, use SO3`)
  if (mMax !== undefined) requireInteger('escnTpCompact', 'mMax', mMax, 0)
  return compactCache.getOrMake(cacheKey(group, irrepsIn, irrepsOut, mMax), () => {
    const [largestIn, largestOut] = [largestDegree(irrepsIn), largestDegree(irrepsOut)]
    const weights: number[][] = []
    const paths: Path[] = []
    for (let m = 0; m <= Math.min(largestIn, largestOut, mMax ?? Infinity); m++) {
      const [numIn, numOut] = [copiesFrom(irrepsIn, m), copiesFrom(irrepsOut, m)]
      const couplings = m === 0 ? [[{ inM: 0, outM: 0, sign: 1 }]] : [direct(m), [...crossed(m)].map((link) => ({ ...link, sign: -link.sign }))]
      for (const links of couplings) {
        const fanIn = numIn * couplings.length
        for (const { inM, outM, sign } of links)
          paths.push(scalarPath([weights.length, largestIn + inM, largestOut + outM], fanIn === 0 ? 0 : sign / Math.sqrt(fanIn)))
        weights.push([numIn, numOut])
      }
    }
    const inputs = [new SegmentedOperand(weights, 2), operandByM(irrepsIn, largestIn)]
    return singleProduct('uv,u,v', inputs, operandByM(irrepsOut, largestOut), paths)
  })
}

function couple(irrepsIn: Irreps, irrepsOut: Irreps, mMax: number, isNear: (a: Irrep, b: Irrep) => boolean): EquivariantPolynomial {
  const [offsetsIn, offsetsOut] = [componentOffsets(irrepsIn), componentOffsets(irrepsOut)]
  const weights: number[][] = []
  const entries: { readonly indices: readonly number[]; readonly sign: number; readonly output: number }[] = []
  // Variance that unit weights and inputs give to each output segment, per component.
  const variance = irrepsOut.segments.map(() => 0)
  for (const [i, input] of irrepsIn.segments.entries())
    for (const [o, output] of irrepsOut.segments.entries()) {
      if (!isNear(input.ir, output.ir)) continue
      for (const links of weightLinks(input.ir, output.ir, mMax)) {
        for (const { inM, outM, sign } of links) {
          const indices = [weights.length, at(offsetsIn, i) + degree(input.ir) + inM, at(offsetsOut, o) + degree(output.ir) + outM]
          entries.push({ indices, sign, output: o })
        }
        variance[o] = at(variance, o) + (input.mul * links.length) / output.ir.dim
        weights.push([input.mul, output.mul])
      }
    }
  const paths = entries.map(({ indices, sign, output }) => scalarPath(indices, at(variance, output) === 0 ? 0 : sign / Math.sqrt(at(variance, output))))
  const weightOperand = new SegmentedOperand(weights, 2)
  const polynomial = singleProduct('uv,u,v', [weightOperand, flattenedOperand(irrepsIn)], flattenedOperand(irrepsOut), paths)
  return equivariant([irrepsIn.newScalars(weightOperand.size), irrepsIn], irrepsOut, polynomial)
}

/** What each weight of a pair of irreps couples, in the order of the weights. */
function weightLinks(a: Irrep, b: Irrep, mMax: number): readonly (readonly Link[])[] {
  const l = Math.min(degree(a), degree(b), mMax)
  const ms = Array.from({ length: l }, (_, n) => n + 1)
  const kept = [...[...ms].reverse().map(direct), [{ inM: 0, outM: 0, sign: 1 }]]
  const exchanged = ms.map(crossed)
  if (!(a instanceof O3 && b instanceof O3)) return [...kept, ...exchanged]
  return (-1) ** (a.l + b.l) === a.p * b.p ? kept : exchanged
}

function direct(m: number): readonly Link[] {
  return [-m, m].map((k) => ({ inM: k, outM: k, sign: 1 }))
}

function crossed(m: number): readonly Link[] {
  return [
    { inM: -m, outM: m, sign: 1 },
    { inM: m, outM: -m, sign: -1 },
  ]
}

function degree(ir: Irrep): number {
  return degreeOf('escnTp', ir)
}

function largestDegree(irreps: Irreps): number {
  return Math.max(0, ...irreps.segments.map(({ ir }) => degree(ir)))
}

/** Number of copies of irreps that have a component m. */
function copiesFrom(irreps: Irreps, m: number): number {
  return irreps.segments.reduce((sum, { mul, ir }) => (degree(ir) >= m ? sum + mul : sum), 0)
}

function operandByM(irreps: Irreps, largest: number): SegmentedOperand {
  const segments = Array.from({ length: 2 * largest + 1 }, (_, n) => [copiesFrom(irreps, Math.abs(n - largest))])
  return new SegmentedOperand(segments, 1)
}
