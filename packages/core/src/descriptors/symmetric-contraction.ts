import { DimensionError, InputError } from '../errors.ts'
import type { Irreps } from '../irreps/index.ts'
import { type EquivariantPolynomial, type IrDictPolynomial, type Path, SegmentedOperand } from '../polynomials/index.ts'
import { commonGroupOf, requireInteger, requireList } from './arguments.ts'
import { at } from './at.ts'
import { componentOffsets, equivariant, flattenedOperand, scalarPath, segmentedPolynomial, type Term } from './build.ts'
import { BoundedCache, cacheKey } from './cache.ts'
import { splitAllByIrreps } from './ir-dict.ts'
import { distinctOrderings } from './monomials.ts'
import { type EquivariantPolynomials, SymmetricBasis } from './symmetric-basis.ts'

const cache = new BoundedCache<EquivariantPolynomial>()
const bases = new BoundedCache<SymmetricBasis>(16)

/**
 * `y_k[u] += Σ_b w_b[u] · 1/√n · Σ_{a…c} U^b_k,a…c · x_a[u] · … · x_c[u]` for every degree d (d factors of x) and every output
 * irrep, where U^b are n tensors that span all symmetric equivariant ones, of unit norm for each k.
 *
 * Inputs: the weights, one segment (mul) for each basis tensor: degrees in the given order, inside output irreps in order,
 * inside basis tensors; and x in `irrepsIn`. Output: `irrepsOut`. Both have one and the same multiplicity throughout. Degree
 * 0 is a weight added to each trivial output. Written with one mode, `u,u,…,u`, one path for each non-zero of U.
 *
 * Source: Batatia et al., MACE, arXiv:2206.07697, eq. 10–11.
 *
 * @throws {InputError} if an argument is not irreps, or degrees is not a non-empty list of distinct non-negative integers.
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 * @throws {DimensionError} if multiplicities differ or are zero.
 */
export function symmetricContraction(irrepsIn: Irreps, irrepsOut: Irreps, degrees: readonly number[]): EquivariantPolynomial {
  const group = commonGroupOf('symmetricContraction', { irrepsIn, irrepsOut })
  const mul = commonMultiplicity('symmetricContraction', irrepsIn, irrepsOut)
  requireDegrees('symmetricContraction', degrees, 0)
  return cache.getOrMake(cacheKey(group, irrepsIn, irrepsOut, degrees), () => {
    const terms: Term[] = []
    let numWeights = 0
    for (const degree of degrees) {
      const paths: Path[] = []
      for (const [o, elements] of outputElements(irrepsIn, irrepsOut, degree).entries()) {
        const offset = at(componentOffsets(irrepsOut), o)
        for (const element of elements) paths.push(...elementPaths(element, elements.length, degree, irrepsIn, numWeights++, offset))
      }
      const buffers = [0, ...Array.from({ length: degree }, () => 1), 2]
      if (paths.length > 0) terms.push({ buffers, subscripts: buffers.map(() => 'u').join(','), paths })
    }
    const weights = new SegmentedOperand(
      Array.from({ length: numWeights }, () => [mul]),
      1,
    )
    const polynomial = segmentedPolynomial([weights, flattenedOperand(irrepsIn)], [flattenedOperand(irrepsOut)], terms)
    return equivariant([irrepsIn.newScalars(weights.size), irrepsIn], irrepsOut, polynomial)
  })
}

/** {@link symmetricContraction} with one operand for each segment of irreps: groups (weights, in) → (out). */
export function symmetricContractionIrDict(irrepsIn: Irreps, irrepsOut: Irreps, degrees: readonly number[]): IrDictPolynomial {
  const { polynomial } = symmetricContraction(irrepsIn, irrepsOut, degrees)
  const weights = irrepsIn.newScalars(at(polynomial.inputs, 0).size)
  return splitAllByIrreps(polynomial, [weights, irrepsIn], [irrepsOut])
}

/** The basis of symmetric equivariant polynomials that {@link symmetricContraction} uses for its input. */
export function symmetricBasisOf({ group, segments }: Irreps): SymmetricBasis {
  const slots = segments.map(({ ir }) => ir)
  return bases.getOrMake(cacheKey(group, ...slots), () => new SymmetricBasis(group, slots))
}

/** For each output segment its basis elements of one degree; of degree 0, the constant 1 for trivial outputs. */
export function outputElements(irrepsIn: Irreps, irrepsOut: Irreps, degree: number): readonly (readonly EquivariantPolynomials[])[] {
  if (degree === 0) return irrepsOut.segments.map(({ ir }) => (ir.isTrivial() ? [{ ir, components: [new Map([[0, 1]])] }] : []))
  const elements = symmetricBasisOf(irrepsIn).elements(degree, new Set(irrepsOut.segments.map(({ ir }) => ir.toString())))
  return irrepsOut.segments.map(({ ir }) => elements.get(ir.toString()) ?? [])
}

/**
 * The multiplicity that all segments share.
 *
 * @throws {DimensionError} if there is none.
 */
export function commonMultiplicity(descriptor: string, irrepsIn: Irreps, irrepsOut: Irreps): number {
  const muls = [...new Set([...irrepsIn.muls, ...irrepsOut.muls])]
  const [mul] = muls
  if (mul === undefined || muls.length > 1 || mul === 0 || irrepsIn.length === 0 || irrepsOut.length === 0)
    throw new DimensionError(
      `${descriptor}: irrepsIn '${irrepsIn.toString()}' and irrepsOut '${irrepsOut.toString()}' have multiplicities ${muls.join(', ') || 'none'}; ` +
        `every segment of both must have one and the same positive multiplicity, as in '4x0e + 4x1o' -> '4x0e'`,
    )
  return mul
}

/** @throws {InputError} unless `degrees` is a non-empty list of distinct integers of at least `least`. */
export function requireDegrees(descriptor: string, degrees: readonly number[], least: number): void {
  requireList(descriptor, 'degrees', degrees)
  for (const degree of degrees) requireInteger(descriptor, 'a degree', degree, least)
  if (new Set(degrees).size < degrees.length) throw new InputError(`${descriptor}: degrees [${degrees.join(', ')}] holds a degree twice; name each once`)
}

function elementPaths(
  { components }: EquivariantPolynomials,
  numElements: number,
  degree: number,
  irrepsIn: Irreps,
  weight: number,
  outputOffset: number,
): readonly Path[] {
  const basis = symmetricBasisOf(irrepsIn)
  const scale = 1 / Math.sqrt(numElements)
  return components.flatMap((component, k) =>
    [...component].flatMap(([code, value]) => {
      const orderings = distinctOrderings(basis.decode(code, degree))
      const coefficient = (scale * value) / orderings.length
      return orderings.map((indices) => scalarPath([weight, ...indices, outputOffset + k], coefficient))
    }),
  )
}
