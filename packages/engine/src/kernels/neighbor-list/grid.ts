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
  /** Rounding moves an image by no more than this, Å. */
  readonly slack: number
  readonly basis: readonly number[]
  /** Columns of the inverse basis, one after another: fractional coordinate k is `r · inverse[k]`. */
  readonly inverse: readonly number[]
  readonly pbc: readonly [boolean, boolean, boolean]
  /** Along every axis: where bins begin (fractional), bins a unit, number of bins. */
  readonly low: Triple
  readonly scale: Triple
  readonly bins: Triple
  /** Bins to look at on both sides. */
  readonly reach: Triple
  /** Periodic images to look at on both sides. */
  readonly images: Triple
}

const relativeSlack = 1e-6
const roundingFactor = 64 * Number.EPSILON
/** Bins are this part of the cutoff wide: smaller ones follow the sphere better, but there are more of them. */
const binsPerCutoff = 2

/**
 * Bins for a search of neighbours.
 *
 * @throws {InputError} if the cutoff is not positive, positions are not finite or too far away to be precise, the basis is singular, or
 * more periodic images are within the cutoff than kernels can count.
 */
export function neighborGrid({ positions, basis, pbc, cutoff }: NeighborProblem): NeighborGrid {
  if (!(cutoff > 0 && cutoff < Infinity)) throw new InputError(`neighborGrid: the cutoff is ${cutoff}; expected a positive number of Å`)
  if (positions.length % 3 !== 0) throw new InputError(`neighborGrid: ${positions.length} numbers are no positions of shape [numAtoms, 3]`)
  if (basis.length !== 9) throw new InputError(`neighborGrid: the basis has ${basis.length} numbers, but must have 3 rows of 3`)
  const numAtoms = positions.length / 3
  const rows = Array.from(basis)
  const inverse = invert(rows)
  const slack = relativeSlack * cutoff
  requirePrecision(positions, rows, inverse, cutoff)

  const low: number[] = []
  const spans: number[] = []
  for (let axis = 0; axis < 3; axis++) {
    const [first, last] = pbc[axis] ? [0, 1] : fractionalRange(positions, inverse, axis)
    low.push(first)
    spans.push(Math.max(0, last - first))
  }
  const lengths = [0, 1, 2].map((axis) => norm(inverse, axis))
  const bins = chooseBins(spans.map((span, axis) => span / (lengths[axis] ?? 1)), cutoff / binsPerCutoff, Math.max(64, 4 * numAtoms))
  const scale = bins.map((count, axis) => ((spans[axis] ?? 0) > 0 ? count / (spans[axis] ?? 1) : 0))
  const reach = scale.map((perUnit, axis) => Math.ceil((cutoff + slack) * (lengths[axis] ?? 1) * perUnit))
  const images = reach.map((count, axis) => (pbc[axis] ? Math.ceil(count / (bins[axis] ?? 1)) : 0))
  const perAtom = images.reduce((product, count) => product * (2 * count + 1), 1)
  if (!(numAtoms * perAtom < 2 ** 32 && perAtom < 2 ** 24))
    throw new InputError(
      `neighborGrid: the cell is too small or too thin for ${numAtoms} atoms with a cutoff of ${cutoff} Å: about ${perAtom.toExponential(1)} periodic images of each would be needed; use a more compact cell`,
    )
  const along = { low: triple(low), scale: triple(scale), bins: triple(bins), reach: triple(reach), images: triple(images) }
  return { numAtoms, cutoff, slack, basis: rows, inverse, pbc, ...along }
}

function triple([a = 0, b = 0, c = 0]: readonly number[]): Triple {
  return [a, b, c]
}

/** Numbers of bins of about an edge along extents, at most so many together. */
function chooseBins(extents: readonly number[], edge: number, most: number): readonly number[] {
  for (let width = edge; ; width *= 1.25) {
    const bins = extents.map((extent) => Math.max(1, Math.floor(extent / width)))
    if (bins.reduce((product, count) => product * count, 1) <= most) return bins
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
  if (!inverse.every(Number.isFinite)) throw new InputError(`neighborGrid: the basis [${a.join(', ')}] is singular; give independent lattice vectors`)
  return inverse
}

function norm(vectors: readonly number[], k: number): number {
  return Math.hypot(vectors[3 * k] ?? 0, vectors[3 * k + 1] ?? 0, vectors[3 * k + 2] ?? 0)
}

function requirePrecision(positions: Float64Array, basis: readonly number[], inverse: readonly number[], cutoff: number): void {
  let largest = 0
  for (const [i, x] of positions.entries()) {
    if (!Number.isFinite(x)) throw new InputError(`neighborGrid: coordinate ${'xyz'[i % 3] ?? ''} of atom ${Math.floor(i / 3)} is ${x}; positions must be finite`)
    largest = Math.max(largest, Math.abs(x))
  }
  const condition = Math.max(...[0, 1, 2].map((k) => norm(basis, k) * norm(inverse, k)))
  if (roundingFactor * condition * (largest + cutoff) <= relativeSlack * cutoff) return
  throw new InputError(
    `neighborGrid: positions of up to ${largest} Å in a cell of condition number ${condition.toExponential(1)} lose too many digits for a neighbour list; move the atoms near the origin, or give a more compact cell`,
  )
}
