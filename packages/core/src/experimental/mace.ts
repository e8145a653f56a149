import { InternalError } from '../errors.ts'
import { O3E3nn } from '../groups/index.ts'
import type { Irreps } from '../irreps/index.ts'
import { HostArray, HostMatrix, leastSquares } from '../math/index.ts'
import type { EquivariantPolynomial, IrDictPolynomial } from '../polynomials/index.ts'
import { commonGroupOf } from '../descriptors/arguments.ts'
import { at } from '../descriptors/at.ts'
import { BoundedCache, cacheKey } from '../descriptors/cache.ts'
import { maceCouplings, type ProductSpace } from '../descriptors/mace-couplings.ts'
import { Monomials } from '../descriptors/monomials.ts'
import { rememberingRound } from '../descriptors/rounding.ts'
import type { EquivariantPolynomials, SymmetricBasis } from '../descriptors/symmetric-basis.ts'
import {
  commonMultiplicity,
  outputElements,
  requireDegrees,
  symmetricBasisOf,
  symmetricContraction as plainSymmetricContraction,
  symmetricContractionIrDict as plainSymmetricContractionIrDict,
} from '../descriptors/symmetric-contraction.ts'

export { O3E3nn }

const projections = new BoundedCache<HostMatrix>()

/** Largest entry that W p may lose, relative to coefficients of size one. */
const tolerance = 1e-7
const negligible = 1e-12

/**
 * {@link plainSymmetricContraction descriptors.symmetricContraction} with the matrix p, shape (original rows, weights), that
 * translates the weights of original MACE: `w[b,u] = Σ_a W[a,u] p[a,b]`.
 *
 * Original rows: output irreps in order; inside, degrees from high to low (`weights_max`, `weights.0`, `weights.1`, …); inside,
 * the paths of MACE's U tensors (see {@link originalMaceBasis}), which are more than there are independent symmetric tensors.
 * Intermediate irreps follow the order of the group, and checkpoints need that of {@link O3E3nn}.
 *
 * @throws {InputError} if an argument is not irreps, degrees is not a non-empty list of distinct positive integers, or for
 * degree 4 in a group without parity.
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 * @throws {DimensionError} if multiplicities differ or are zero.
 */
export function symmetricContraction(irrepsIn: Irreps, irrepsOut: Irreps, degrees: readonly number[]): [EquivariantPolynomial, HostMatrix] {
  const p = projection(irrepsIn, irrepsOut, degrees)
  return [plainSymmetricContraction(irrepsIn, irrepsOut, degrees), p]
}

/** {@link symmetricContraction} with one operand for each segment of irreps, and the same matrix p. */
export function symmetricContractionIrDict(irrepsIn: Irreps, irrepsOut: Irreps, degrees: readonly number[]): [IrDictPolynomial, HostMatrix] {
  const p = projection(irrepsIn, irrepsOut, degrees)
  return [plainSymmetricContractionIrDict(irrepsIn, irrepsOut, degrees), p]
}

/** For one output segment and one degree: which columns of p, and the rows of that block. */
interface Block {
  readonly output: number
  readonly degree: number
  readonly firstColumn: number
  readonly rows: readonly (readonly number[])[]
}

function projection(irrepsIn: Irreps, irrepsOut: Irreps, degrees: readonly number[]): HostMatrix {
  const group = commonGroupOf('mace.symmetricContraction', { irrepsIn, irrepsOut })
  commonMultiplicity('mace.symmetricContraction', irrepsIn, irrepsOut)
  requireDegrees('mace.symmetricContraction', degrees, 1)
  return projections.getOrMake(cacheKey(group, irrepsIn, irrepsOut, degrees), () => {
    const blocks: Block[] = []
    let numColumns = 0
    for (const degree of degrees) {
      const rowsOf = blockRows(irrepsIn, irrepsOut, degree)
      for (const [output, elements] of outputElements(irrepsIn, irrepsOut, degree).entries()) {
        blocks.push({ output, degree, firstColumn: numColumns, rows: rowsOf(output, elements) })
        numColumns += elements.length
      }
    }
    const ordered = [...blocks].sort((a, b) => a.output - b.output || b.degree - a.degree)
    const numRows = ordered.reduce((sum, { rows }) => sum + rows.length, 0)
    const data = new Float64Array(numRows * numColumns)
    let row = 0
    for (const { rows, firstColumn } of ordered) for (const values of rows) data.set(values, row++ * numColumns + firstColumn)
    return new HostMatrix(numRows, numColumns, data)
  })
}

/** Rows of p for an output segment: MACE's paths of one degree, expressed in the elements of the symmetric basis. */
function blockRows(
  irrepsIn: Irreps,
  irrepsOut: Irreps,
  degree: number,
): (output: number, elements: readonly EquivariantPolynomials[]) => readonly (readonly number[])[] {
  const basis = symmetricBasisOf(irrepsIn)
  const names = irrepsOut.segments.map(({ ir }) => ir.toString())
  const space = new SymmetricProducts(basis.numVariables)
  const paths = maceCouplings(irrepsIn.group, basis.slots, degree, new Set(names), space)
  return (output, elements) => expressed(paths.get(at(names, output)) ?? [], elements, basis, space.monomials(degree))
}

/** The symmetric tensor of a basis element, sparse: coefficients of its polynomials, and the same over the orderings. */
interface Column {
  readonly positions: readonly number[]
  readonly coefficients: readonly number[]
  readonly duals: readonly number[]
}

/** Coordinates of each path in the elements, times √(number of elements), which the contraction divides by. */
function expressed(
  paths: readonly Float64Array[],
  elements: readonly EquivariantPolynomials[],
  basis: SymmetricBasis,
  monomials: Monomials,
): readonly (readonly number[])[] {
  const [first] = paths
  if (!first) return []
  const columns = elements.map((element) => columnOf(element, basis, monomials))
  const gram = HostArray.from(
    columns.flatMap((a) => columns.map((b) => inner(a, dense(b, first.length)))),
    [columns.length, columns.length],
  )
  const overlaps = HostArray.from(
    columns.flatMap((column) => paths.map((path) => inner(column, path))),
    [columns.length, paths.length],
  )
  const solution = columns.length === 0 ? overlaps : leastSquares(gram, overlaps)
  const round = rememberingRound()
  return paths.map((path, a) => {
    const row = columns.map((_, b) => solution.get(b, a))
    requireExpressed(path, row, columns)
    return row.map((value) => (Math.abs(value) < negligible ? 0 : round(value * Math.sqrt(columns.length))))
  })
}

/** The symmetric basis spans everything that MACE's paths can be, by construction. */
function requireExpressed(path: Float64Array, row: readonly number[], columns: readonly Column[]): void {
  const rest = Float64Array.from(path)
  for (const [b, { positions, coefficients }] of columns.entries()) {
    const factor = at(row, b)
    if (Math.abs(factor) < negligible) continue
    for (let n = 0; n < positions.length; n++) {
      const position = at(positions, n)
      rest[position] = at(rest, position) - factor * at(coefficients, n)
    }
  }
  const worst = rest.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  if (!(worst <= tolerance)) throw new InternalError(`mace.symmetricContraction: a path of the original basis is off by ${worst}`)
}

function columnOf({ components }: EquivariantPolynomials, basis: SymmetricBasis, monomials: Monomials): Column {
  const [positions, coefficients, duals]: [number[], number[], number[]] = [[], [], []]
  for (const [k, component] of components.entries())
    for (const [code, value] of component) {
      const monomial = monomials.find(basis.decode(code, monomials.degree))
      positions.push(k * monomials.length + monomial)
      coefficients.push(value)
      duals.push(value / at(monomials.orderings, monomial))
    }
  return { positions, coefficients, duals }
}

function dense({ positions, coefficients }: Column, size: number): Float64Array {
  const out = new Float64Array(size)
  for (const [n, position] of positions.entries()) out[position] = at(coefficients, n)
  return out
}

/** Inner product of the symmetric tensors of an element and of dense polynomial coefficients. */
function inner({ positions, duals }: Column, polynomials: Float64Array): number {
  let sum = 0
  for (let n = 0; n < positions.length; n++) sum += at(duals, n) * at(polynomials, at(positions, n))
  return sum
}

/** Products without regard to order, numbered as {@link Monomials}. */
class SymmetricProducts implements ProductSpace {
  private readonly numVariables: number
  private readonly byDegree = new Map<number, Monomials>()

  constructor(numVariables: number) {
    this.numVariables = numVariables
  }

  monomials(degree: number): Monomials {
    let monomials = this.byDegree.get(degree)
    if (!monomials) this.byDegree.set(degree, (monomials = new Monomials(this.numVariables, degree)))
    return monomials
  }

  size(degree: number): number {
    return this.monomials(degree).length
  }

  times(degree: number): (product: number, variable: number) => number {
    const table = this.monomials(degree).productTable(this.monomials(degree + 1))
    return (product, variable) => at(table, product * this.numVariables + variable)
  }
}
