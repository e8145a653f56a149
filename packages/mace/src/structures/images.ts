import { InputError } from '@equivar/core'
import { latticeBasis } from './cell.ts'
import type { Structure } from './structure.ts'
import { norm, reciprocal, type Matrix3 } from './vectors.ts'

/**
 * Every atom, moved into the cell along periodic axes ("home"), and all of its periodic images that can lie within the
 * cutoff of any home atom. Images are numbered by atom, then by ascending `offset`, and that order is the order of
 * edges.
 *
 * An image stands at `r[atom] − offset · cell`, so that the edge to a receiver whose home has offset n carries the unit
 * shift `offset − n`.
 */
export interface Images {
  readonly count: number
  readonly x: Float64Array
  readonly y: Float64Array
  readonly z: Float64Array
  readonly atom: Int32Array
  /** Shape (count, 3). */
  readonly offset: Int32Array
  /** Image number of every atom's home, shape (N). */
  readonly home: Int32Array
  /** Rounding can move an image by no more than this, Å. */
  readonly slack: number
}

/** Images beyond this many per atom (about 64 along each axis) mean a cell far smaller than any crystal's. */
const maxImagesPerAtom = 2 ** 18
const imageAllowance = 2 ** 22
const relativeSlack = 1e-6
const roundingFactor = 64 * Number.EPSILON

/** @throws InputError when the cell is so small, so thin or so far away that images are too many or too imprecise. */
export function periodicImages(structure: Structure, cutoff: number): Images {
  const { positions, pbc, numAtoms } = structure
  const basis = latticeBasis(structure.cell, pbc)
  const inverse = reciprocal(basis)
  const slack = relativeSlack * cutoff
  requirePrecision(positions, basis, inverse, slack)

  const home = homeCoordinates(positions, inverse, pbc)
  const margins = inverse.map((g) => (cutoff + slack) * norm(g))
  const first = new Int32Array(3 * numAtoms)
  const last = new Int32Array(3 * numAtoms)
  let count = 0
  for (let axis = 0; axis < 3; axis++) {
    if (pbc[axis] !== true) continue
    let low = Infinity
    let high = -Infinity
    for (let i = axis; i < 3 * numAtoms; i += 3) {
      const f = home.fractional[i] ?? NaN
      low = Math.min(low, f)
      high = Math.max(high, f)
    }
    const margin = margins[axis] ?? NaN
    // The width bounds the number of images along this axis; checked before it is cast to 32-bit integers.
    if (!(2 * margin + 1 < maxImagesPerAtom)) refuseImages(2 * margin + 1, cutoff)
    for (let i = axis; i < 3 * numAtoms; i += 3) {
      const f = home.fractional[i] ?? NaN
      first[i] = Math.min(0, Math.ceil(low - margin - f))
      last[i] = Math.max(0, Math.floor(high + margin - f))
    }
  }
  for (let i = 0; i < 3 * numAtoms; i += 3) count += span(first, last, i) * span(first, last, i + 1) * span(first, last, i + 2)
  if (count > maxImagesPerAtom * numAtoms || count > 8 * numAtoms + imageAllowance) refuseImages(count / numAtoms, cutoff)
  return enumerate(positions, basis, home.cells, first, last, count, slack)
}

function span(first: Int32Array, last: Int32Array, i: number): number {
  return (last[i] ?? 0) - (first[i] ?? 0) + 1
}

function refuseImages(imagesPerAtom: number, cutoff: number): never {
  throw new InputError(
    `the cell is too small or too thin for a cutoff of ${cutoff} Å: about ${imagesPerAtom.toExponential(1)} periodic images of each atom would be needed; check the cell, or reduce it to a compact one`,
  )
}

function requirePrecision(positions: Float64Array, basis: Matrix3, inverse: Matrix3, slack: number): void {
  let largest = 0
  for (const x of positions) largest = Math.max(largest, Math.abs(x))
  const condition = Math.max(...[0, 1, 2].map((k) => norm(basis[k] ?? basis[0]) * norm(inverse[k] ?? inverse[0])))
  const rounding = roundingFactor * condition * (largest + slack / relativeSlack)
  if (rounding > slack) {
    throw new InputError(
      `positions of up to ${largest} Å in a cell of condition number ${condition.toExponential(1)} lose too many digits for a neighbour list; move the atoms near the origin, or give a more compact cell`,
    )
  }
}

/** Fractional coordinates, wrapped into [0, 1) along periodic axes, and the integer cells that wrapping took away. */
function homeCoordinates(
  positions: Float64Array,
  inverse: Matrix3,
  pbc: readonly boolean[],
): { readonly fractional: Float64Array; readonly cells: Int32Array } {
  const fractional = new Float64Array(positions.length)
  const cells = new Int32Array(positions.length)
  for (let i = 0; i < positions.length; i += 3) {
    const x = positions[i] ?? NaN
    const y = positions[i + 1] ?? NaN
    const z = positions[i + 2] ?? NaN
    for (let axis = 0; axis < 3; axis++) {
      const g = inverse[axis] ?? inverse[0]
      const f = x * g[0] + y * g[1] + z * g[2]
      const n = pbc[axis] === true ? Math.floor(f) : 0
      if (Math.abs(n) > 2 ** 29) throw new InputError(`atom ${i / 3} lies ${n.toExponential(1)} cells away from the origin; wrap it into the cell`)
      fractional[i + axis] = f - n
      cells[i + axis] = n
    }
  }
  return { fractional, cells }
}

function enumerate(
  positions: Float64Array,
  [a, b, c]: Matrix3,
  cells: Int32Array,
  first: Int32Array,
  last: Int32Array,
  count: number,
  slack: number,
): Images {
  const x = new Float64Array(count)
  const y = new Float64Array(count)
  const z = new Float64Array(count)
  const atom = new Int32Array(count)
  const offset = new Int32Array(3 * count)
  const home = new Int32Array(positions.length / 3)
  let image = 0
  for (let i = 0; i < positions.length; i += 3) {
    const px = positions[i] ?? NaN
    const py = positions[i + 1] ?? NaN
    const pz = positions[i + 2] ?? NaN
    const ni = cells[i] ?? 0
    const nj = cells[i + 1] ?? 0
    const nk = cells[i + 2] ?? 0
    // Descending translations are ascending offsets.
    for (let ti = last[i] ?? 0; ti >= (first[i] ?? 0); ti--) {
      for (let tj = last[i + 1] ?? 0; tj >= (first[i + 1] ?? 0); tj--) {
        for (let tk = last[i + 2] ?? 0; tk >= (first[i + 2] ?? 0); tk--) {
          const oi = ni - ti
          const oj = nj - tj
          const ok = nk - tk
          x[image] = px - (oi * a[0] + oj * b[0] + ok * c[0])
          y[image] = py - (oi * a[1] + oj * b[1] + ok * c[1])
          z[image] = pz - (oi * a[2] + oj * b[2] + ok * c[2])
          atom[image] = i / 3
          offset[3 * image] = oi
          offset[3 * image + 1] = oj
          offset[3 * image + 2] = ok
          if (ti === 0 && tj === 0 && tk === 0) home[i / 3] = image
          image++
        }
      }
    }
  }
  return { count, x, y, z, atom, offset, home, slack }
}
