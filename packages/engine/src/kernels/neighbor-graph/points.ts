import { InputError } from '@equivar/core'
import { neighborGrid, type NeighborProblem } from '../neighbor-list/grid.ts'
import { padding } from '../neighbor-list/wrap.ts'
import { gridLength } from './walk.ts'

/** Atoms as a search on a device needs them: wrapped into the cell, as whole numbers of a small unit, in bins. */
export interface NeighborPoints {
  /** Å, a power of two: what the whole numbers count. */
  readonly unit: number
  /** [3, N + padding], in the order of bins. */
  readonly points: Int32Array
  /** [2, N + padding]: the atom at every place of that order, and its bin. */
  readonly places: Int32Array
  /** Where the atoms of every bin begin in that order; as long as a power of two, the rest is N. */
  readonly binStarts: Int32Array
  readonly grid: Int32Array
  /** [I, 3]: what is added to `r[receiver] − r[sender]` for every image of a sender. */
  readonly shifts: Int32Array
  /** The same, Å. */
  readonly shiftVectors: Float64Array
  /** [N, 3], in the order of atoms, from the corner of the bins. */
  readonly whole: Int32Array
  /** The same, Å, as they were wrapped. */
  readonly positions: Float64Array
}

/** Whole numbers are below this, with all images. */
const largest = 2 ** 31 - 2 ** 10
/** The unit is at most so much of the cutoff, which single precision does not tell from the cutoff. */
const coarsest = 1e-7

/**
 * Prepares a search of neighbours by `neighborGraph`: `r = unit · n` with whole n, so that differences are exact in any precision.
 *
 * @throws {InputError} as `findNeighbors` does for what bins cannot hold, if there is no atom, or if atoms are spread so far that whole
 * numbers are too coarse.
 */
export function neighborPoints(problem: NeighborProblem): NeighborPoints {
  const found = neighborGrid(problem)
  const { numAtoms, cutoff, basis, inverse, pbc, corner, low, scale, bins, reach, images } = found
  if (numAtoms === 0) throw new InputError('neighborPoints: there is no atom; such a structure has no neighbours')
  const at = (values: readonly number[], k: number) => values[k] ?? 0
  const span = (axis: number) => (at(scale, axis) > 0 ? at(bins, axis) / at(scale, axis) : 0)
  const along = (k: number) => [0, 1, 2].reduce((sum, axis) => sum + (at(images, axis) + span(axis)) * Math.abs(at(basis, 3 * axis + k)), cutoff)
  const extent = Math.max(along(0), along(1), along(2))
  const unit = 2 ** Math.ceil(Math.log2(extent / largest))
  if (!(unit <= coarsest * cutoff)) throw new InputError(`neighborPoints: atoms and images spread over ${extent} Å are too far apart for whole numbers with a cutoff of ${cutoff} Å`)

  const row = numAtoms + padding
  const [positions, whole, binOf] = [new Float64Array(3 * numAtoms), new Int32Array(3 * numAtoms), new Int32Array(numAtoms)]
  const [[bins0, bins1, bins2], [low0, low1, low2], [scale0, scale1, scale2]] = [bins, low, scale]
  const numBins = bins0 * bins1 * bins2
  const binStarts = new Int32Array(2 ** Math.ceil(Math.log2(numBins + 1)))
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, b6 = 0, b7 = 0, b8 = 0] = basis
  const [g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0, g8 = 0] = inverse
  const [pbc0, pbc1, pbc2] = pbc
  const [corner0, corner1, corner2] = corner
  const perUnit = 1 / unit
  // Once an atom and step: no lists are made here.
  for (let i = 0; i < 3 * numAtoms; i += 3) {
    const [x, y, z] = [problem.positions[i] ?? 0, problem.positions[i + 1] ?? 0, problem.positions[i + 2] ?? 0]
    const [u, v, w] = [x * g0 + y * g1 + z * g2, x * g3 + y * g4 + z * g5, x * g6 + y * g7 + z * g8]
    const [p, q, r] = [pbc0 ? Math.floor(u) : 0, pbc1 ? Math.floor(v) : 0, pbc2 ? Math.floor(w) : 0]
    const [a, b, c] = [x - (p * b0 + q * b3 + r * b6), y - (p * b1 + q * b4 + r * b7), z - (p * b2 + q * b5 + r * b8)]
    positions[i] = a
    positions[i + 1] = b
    positions[i + 2] = c
    whole[i] = Math.floor((a - corner0) * perUnit + 0.5)
    whole[i + 1] = Math.floor((b - corner1) * perUnit + 0.5)
    whole[i + 2] = Math.floor((c - corner2) * perUnit + 0.5)
    const bin = (clamped((u - p - low0) * scale0, bins0) * bins1 + clamped((v - q - low1) * scale1, bins1)) * bins2 + clamped((w - r - low2) * scale2, bins2)
    binOf[i / 3] = bin
    binStarts[bin + 1] = (binStarts[bin + 1] ?? 0) + 1
  }
  for (let bin = 1; bin < binStarts.length; bin++) binStarts[bin] = (binStarts[bin] ?? 0) + (binStarts[bin - 1] ?? 0)
  const next = binStarts.slice()
  const [points, places] = [new Int32Array(3 * row), new Int32Array(2 * row)]
  for (let i = 0; i < numAtoms; i++) {
    const bin = binOf[i] ?? 0
    const at = next[bin] ?? 0
    next[bin] = at + 1
    places[at] = i
    places[row + at] = bin
    points[at] = whole[3 * i] ?? 0
    points[row + at] = whole[3 * i + 1] ?? 0
    points[2 * row + at] = whole[3 * i + 2] ?? 0
  }
  const vectorOf = (shift: readonly number[]) => [0, 1, 2].map((k) => shift.reduce((sum, n, axis) => sum + n * at(basis, 3 * axis + k), 0))
  const shiftVectors = Float64Array.from(shiftsOf(images).flatMap(vectorOf))
  const grid = new Int32Array(gridLength)
  grid.set([...bins, ...reach, ...images])
  new Float32Array(grid.buffer)[gridLength - 1] = (cutoff / unit) ** 2
  const shifts = Int32Array.from(shiftVectors, (x) => Math.round(x / unit))
  return { unit, points, places, binStarts, grid, shifts, shiftVectors, whole, positions }
}

/** The bin of a place, among so many. */
function clamped(place: number, count: number): number {
  return Math.min(count - 1, Math.max(0, Math.floor(place)))
}

/** Unit shifts, ascending. */
function shiftsOf([m0, m1, m2]: readonly [number, number, number]): number[][] {
  const all: number[][] = []
  for (let i = -m0; i <= m0; i++) for (let j = -m1; j <= m1; j++) for (let k = -m2; k <= m2; k++) all.push([i, j, k])
  return all
}
