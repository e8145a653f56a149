import { InputError } from '@equivar/core'

/** Where the atoms are, and what counts as near. */
export interface NeighborProblem {
  /** Å, [numAtoms, 3]. */
  readonly positions: Float64Array
  /**
   * Å, rows of a basis [3, 3]: the lattice vectors of periodic axes; along every other axis a unit vector that is perpendicular to all
   * others.
   */
  readonly basis: ArrayLike<number>
  readonly pbc: readonly [boolean, boolean, boolean]
  /** Å */
  readonly cutoff: number
}

type Triple = readonly [number, number, number]

/** How space is divided into bins; everything that the kernels must know beside the positions. */
export interface NeighborGrid {
  readonly numAtoms: number
  readonly cutoff: number
  /** Distances that are computed in single precision are wrong by no more than this, Å. */
  readonly margin: number
  readonly basis: readonly number[]
  /** Columns of the inverse basis, one after another: fractional coordinate k is `r · inverse[k]`. */
  readonly inverse: readonly number[]
  readonly pbc: readonly [boolean, boolean, boolean]
  /** Where the first bin begins, Å: what positions in single precision are relative to. */
  readonly corner: Triple
  /** Along every axis: where bins begin (fractional), bins a unit, number of bins. */
  readonly low: Triple
  readonly scale: Triple
  readonly bins: Triple
  /** Bins to look at on both sides. */
  readonly reach: Triple
  /** Periodic images to look at on both sides. */
  readonly images: Triple
  /** Bits that number the images of one atom. */
  readonly imageBits: number
  /** Edges, were the atoms spread evenly and all of them at corners: about the fewest that there can be. */
  readonly fewestEdges: number
}

const where = 'findNeighbors'
const relativeSlack = 1e-6
const roundingFactor = 64 * Number.EPSILON
/** A bound on the roundings of a distance in single precision, relative to the largest coordinate. */
const singleRounding = 2 ** -20
/** Cells from the origin that 32-bit integers surely count. */
const maxCells = 2 ** 29
/** So many may all share one bin. */
const fewAtoms = 4096
/** What single precision can square. */
const smallestLength = 1e-12
const largestLength = 1e12
/**
 * Bins that a cutoff is wide, along each axis: smaller ones follow the sphere better. Those along the last axis lie side by side in
 * memory, so that it does not matter how many there are; each of the others is looked up.
 */
const binsPerCutoff: Triple = [1, 1, 8]

/**
 * Bins for a search of neighbours.
 *
 * @throws {InputError} if the cutoff is not positive, positions are not finite or too far away to be precise, the basis is singular, more
 * periodic images are within the cutoff than kernels can number, lengths are beyond single precision, or many atoms are spread too thinly.
 */
export function neighborGrid({ positions, basis, pbc, cutoff }: NeighborProblem): NeighborGrid {
  if (!(cutoff > 0 && cutoff < Infinity)) throw new InputError(`${where}: the cutoff is ${cutoff}; expected a positive number of Å`)
  if (positions.length % 3 !== 0) throw new InputError(`${where}: ${positions.length} numbers are no positions of shape [numAtoms, 3]`)
  if (basis.length !== 9) throw new InputError(`${where}: the basis has ${basis.length} numbers, but must have 3 rows of 3`)
  const numAtoms = positions.length / 3
  const rows = Array.from(basis)
  const inverse = invert(rows)
  const slack = relativeSlack * cutoff
  requirePrecision(positions, rows, inverse, pbc, cutoff)

  const low: number[] = []
  const spans: number[] = []
  for (let axis = 0; axis < 3; axis++) {
    const [first, last] = pbc[axis] ? [0, 1] : fractionalRange(positions, inverse, axis)
    low.push(first)
    spans.push(Math.max(0, last - first))
  }
  const extent = Math.max(...[0, 1, 2].map((k) => spans.reduce((sum, span, axis) => sum + span * Math.abs(rows[3 * axis + k] ?? 0), 0)))
  if (!(cutoff >= smallestLength && cutoff <= largestLength && extent <= largestLength))
    throw new InputError(`${where}: kernels search lengths of ${smallestLength} … ${largestLength} Å only, but the cutoff is ${cutoff} Å and atoms spread over ${extent} Å`)
  const lengths = [0, 1, 2].map((axis) => norm(inverse, axis))
  const widths = spans.map((span, axis) => span / (lengths[axis] ?? 1) / cutoff)
  const bins = chooseBins(widths, numAtoms)
  const scale = bins.map((count, axis) => ((spans[axis] ?? 0) > 0 ? count / (spans[axis] ?? 1) : 0))
  const reach = scale.map((perUnit, axis) => {
    const bound = Math.ceil((cutoff + slack) * (lengths[axis] ?? 1) * perUnit)
    // Atoms in one plane span rounding errors only.
    return pbc[axis] ? bound : Math.min(bound, (bins[axis] ?? 1) - 1)
  })
  const images = reach.map((count, axis) => (pbc[axis] ? Math.ceil(count / (bins[axis] ?? 1)) : 0))
  const perAtom = images.reduce((product, count) => product * (2 * count + 1), 1)
  const imageBits = Math.ceil(Math.log2(perAtom))
  if (!(numAtoms * 2 ** imageBits < 2 ** 31 && perAtom < 2 ** 24))
    throw new InputError(
      `${where}: the cell is too small or too thin for ${numAtoms} atoms with a cutoff of ${cutoff} Å: about ${perAtom.toExponential(1)} periodic images of each would be needed; use a more compact cell`,
    )
  const corner = triple([0, 1, 2].map((k) => low.reduce((sum, f, axis) => sum + f * (rows[3 * axis + k] ?? 0), 0)))
  const along = { low: triple(low), scale: triple(scale), bins: triple(bins), reach: triple(reach), images: triple(images) }
  // At a corner an eighth of the sphere is inside, which is half a cube of the cutoff.
  const fewestEdges = (0.5 * numAtoms * numAtoms) / widths.reduce((product, width) => product * Math.max(1, width), 1)
  const margin = slack + singleRounding * (extent + cutoff)
  return { numAtoms, cutoff, margin, basis: rows, inverse, pbc, corner, ...along, imageBits, fewestEdges }
}

function triple([a = 0, b = 0, c = 0]: readonly number[]): Triple {
  return [a, b, c]
}

/**
 * Numbers of bins along axes that are so many cutoffs wide: as wished, or fewer, in proportion to the atoms.
 *
 * @throws {InputError} if many atoms may share a bin although most bins are empty: the search would take the square of their number.
 */
function chooseBins(widths: readonly number[], numAtoms: number): readonly number[] {
  for (let edge = 1; ; edge *= 1.25) {
    const bins = widths.map((width, axis) => Math.max(1, Math.floor((width * (binsPerCutoff[axis] ?? 1)) / edge)))
    if (bins.reduce((product, count) => product * count, 1) > Math.max(64, 4 * numAtoms)) continue
    if (edge > 2 && numAtoms > fewAtoms)
      throw new InputError(`${where}: ${numAtoms} atoms are spread over ${widths.map((width) => Math.ceil(width)).join(' × ')} cutoffs, which is too thin for bins; search parts of the structure`)
    return bins
  }
}

function fractionalRange(positions: Float64Array, inverse: readonly number[], axis: number): readonly [number, number] {
  const [g0 = 0, g1 = 0, g2 = 0] = inverse.slice(3 * axis, 3 * axis + 3)
  let [low, high] = [Infinity, -Infinity]
  for (let i = 0; i < positions.length; i += 3) {
    const f = (positions[i] ?? 0) * g0 + (positions[i + 1] ?? 0) * g1 + (positions[i + 2] ?? 0) * g2
    if (f < low) low = f
    if (f > high) high = f
  }
  return low <= high ? [low, high] : [0, 0]
}

/** Columns g_k of the inverse of a matrix with rows a_k: `a_i · g_k = δ_ik`. */
function invert(a: readonly number[]): readonly number[] {
  const row = (k: number): Triple => triple(a.slice(3 * k, 3 * k + 3))
  const cross = (u: Triple, v: Triple): Triple => [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
  const columns = [cross(row(1), row(2)), cross(row(2), row(0)), cross(row(0), row(1))] as const
  const volume = row(0)[0] * columns[0][0] + row(0)[1] * columns[0][1] + row(0)[2] * columns[0][2]
  const inverse = columns.flat().map((x) => x / volume)
  if (!inverse.every(Number.isFinite)) throw new InputError(`${where}: the basis [${a.join(', ')}] is singular; give independent lattice vectors`)
  return inverse
}

function norm(vectors: readonly number[], k: number): number {
  return Math.hypot(vectors[3 * k] ?? 0, vectors[3 * k + 1] ?? 0, vectors[3 * k + 2] ?? 0)
}

function requirePrecision(positions: Float64Array, basis: readonly number[], inverse: readonly number[], pbc: readonly boolean[], cutoff: number): void {
  let largest = 0
  for (let i = 0; i < positions.length; i++) {
    const x = positions[i] ?? 0
    if (!Number.isFinite(x)) throw new InputError(`${where}: coordinate ${'xyz'[i % 3] ?? ''} of atom ${Math.floor(i / 3)} is ${x}; positions must be finite`)
    largest = Math.max(largest, Math.abs(x))
  }
  const condition = Math.max(...[0, 1, 2].map((k) => norm(basis, k) * norm(inverse, k)))
  if (!(roundingFactor * condition * (largest + cutoff) <= relativeSlack * cutoff))
    throw new InputError(
      `${where}: positions of up to ${largest} Å in a cell of condition number ${condition.toExponential(1)} lose too many digits for a neighbour list; move the atoms near the origin, or give a more compact cell`,
    )
  const cells = Math.max(...[0, 1, 2].map((k) => (pbc[k] ? 2 * largest * norm(inverse, k) : 0)))
  if (!(cells < maxCells)) throw new InputError(`${where}: positions of up to ${largest} Å may lie ${cells.toExponential(1)} cells away from the origin; wrap them into the cell`)
}
