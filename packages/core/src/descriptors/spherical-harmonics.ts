import type { Irrep } from '../groups/index.ts'
import { irMul, Irreps, IrrepsAndLayout } from '../irreps/index.ts'
import { EquivariantPolynomial, type IrDictPolynomial, type Path, SegmentedOperand, type SegmentedPolynomial } from '../polynomials/index.ts'
import { requireList } from './arguments.ts'
import { scalarPath, segmentedPolynomial } from './build.ts'
import { BoundedCache, cacheKey } from './cache.ts'
import { splitAllByIrreps } from './ir-dict.ts'
import { distinctOrderings } from './monomials.ts'
import { harmonics, sortedFactors } from './spherical-harmonics-polynomials.ts'

interface HarmonicsOfVector {
  readonly polynomial: SegmentedPolynomial
  readonly irrepsIn: Irreps
  readonly irrepsOut: Irreps
}

const cache = new BoundedCache<HarmonicsOfVector>()

/**
 * `Y_l[m] = Σ c · x_a · … · x_c` (l factors), for each l in `ls`: real spherical harmonics as homogeneous polynomials.
 *
 * Input: a vector in the irrep `vector`, components (x, y, z); it is not normalised. Output: one irrep of dimension 2l+1 for
 * each l, in that order, `0e + 1o + 2e + …` for the vector `1o`. The polar axis is y, `Y_1 = √3 (x, y, z)`, and
 * `Σ_m Y_l,m² = (2l+1) |x|^{2l}` (component normalisation). The polynomial of each degree is symmetric in its factors.
 *
 * @throws {InputError} if `vector` is not the irrep of a vector, or `ls` not a non-empty list of non-negative integers.
 */
export function sphericalHarmonics(vector: Irrep, ls: readonly number[]): EquivariantPolynomial {
  const { polynomial, irrepsIn, irrepsOut } = ofVector(vector, ls)
  // The output holds one copy of each irrep, so its layout is a formality; the input is the irrep itself.
  return new EquivariantPolynomial([new IrrepsAndLayout(irrepsIn, irMul)], [new IrrepsAndLayout(irrepsOut, irMul)], polynomial)
}

/** {@link sphericalHarmonics} with one output operand for each l: groups (vector) → (harmonics). */
export function sphericalHarmonicsIrDict(vector: Irrep, ls: readonly number[]): IrDictPolynomial {
  const { polynomial, irrepsIn, irrepsOut } = ofVector(vector, ls)
  return splitAllByIrreps(polynomial, [irrepsIn], [irrepsOut])
}

function ofVector(vector: Irrep, ls: readonly number[]): HarmonicsOfVector {
  requireList('sphericalHarmonics', 'ls', ls)
  const parts = ls.map((l) => harmonics(vector, l))
  return cache.getOrMake(cacheKey(vector.group, vector, ls), () => {
    const irrepsIn = new Irreps(vector)
    const irrepsOut = new Irreps(
      vector.group,
      parts.map(({ ir }) => ir),
    )
    const pathsOfDegree = new Map<number, Path[]>()
    let offset = 0
    for (const [n, { components }] of parts.entries()) {
      const l = ls[n] ?? 0
      const paths = pathsOfDegree.get(l) ?? []
      pathsOfDegree.set(l, paths)
      for (const component of components) {
        for (const [factors, coefficient] of sortedFactors(component, l)) {
          const orderings = distinctOrderings(factors)
          for (const indices of orderings) paths.push(scalarPath([...indices, offset], coefficient / orderings.length))
        }
        offset++
      }
    }
    const terms = [...pathsOfDegree].map(([l, paths]) => ({
      buffers: [...Array.from({ length: l }, () => 0), 1],
      subscripts: Array.from({ length: l + 1 }, () => '').join(','),
      paths,
    }))
    const polynomial = segmentedPolynomial([SegmentedOperand.emptySegments(3)], [SegmentedOperand.emptySegments(offset)], terms)
    return { polynomial, irrepsIn, irrepsOut }
  })
}
