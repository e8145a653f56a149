import { InputError } from '@equivar/core'
import { cross, determinant, dot, norm, perpendicular, row, unit, type Matrix3, type Vector3 } from './vectors.ts'

/** Three flags: is the structure repeated along lattice vector a, b, c? */
export type Periodicity = readonly [boolean, boolean, boolean]

/**
 * Cells whose periodic vectors are this close to linearly dependent are singular: |det| of the three (or area of the
 * two) unit vectors. An angle of about 1e-8 degrees is noise, not a crystal.
 */
const singularThreshold = 1e-10

/**
 * Rows of a well-conditioned basis: the lattice vectors of periodic axes, and for every other axis a unit vector
 * perpendicular to all of them. Fractional coordinates along periodic axes are then independent of what the file says
 * about the non-periodic ones.
 *
 * @throws InputError when the periodic vectors are zero, not finite or linearly dependent.
 */
export function latticeBasis(cell: ArrayLike<number> | null, pbc: Periodicity): Matrix3 {
  const axes = ([0, 1, 2] as const).filter((k) => pbc[k])
  const vectors = axes.map((k) => {
    const vector: Vector3 = cell === null ? [0, 0, 0] : row(cell, k)
    const length = norm(vector)
    if (!(length > 0 && length < Infinity)) {
      throw new InputError(`the structure is periodic along axis ${'abc'[k]}, but its cell vector is [${vector.join(', ')}]; give a cell or switch pbc off`)
    }
    return vector
  })
  const [first, second, third] = vectors
  const basis: [Vector3, Vector3, Vector3] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
  if (first === undefined) return basis
  axes.forEach((k, index) => (basis[k] = vectors[index] ?? first))
  const units = vectors.map(unit)
  const free = ([0, 1, 2] as const).filter((k) => !pbc[k])
  if (third !== undefined) {
    requireIndependent(Math.abs(determinant([units[0] ?? first, units[1] ?? first, units[2] ?? first])), axes)
  } else if (second !== undefined) {
    const normal = cross(units[0] ?? first, units[1] ?? first)
    requireIndependent(norm(normal), axes)
    for (const k of free) basis[k] = unit(normal)
  } else {
    const u = perpendicular(first)
    const others = [u, unit(cross(first, u))]
    free.forEach((k, index) => (basis[k] = others[index] ?? u))
  }
  return basis
}

function requireIndependent(measure: number, axes: readonly number[]): void {
  if (measure > singularThreshold) return
  const names = axes.map((k) => 'abc'[k]).join(', ')
  throw new InputError(
    `the cell is singular: its periodic vectors ${names} are linearly dependent (measure ${measure.toExponential(1)}); give independent vectors or switch pbc off`,
  )
}

/**
 * Volume of a cell, |a · (b × c)| in Å³.
 */
export function cellVolume(cell: ArrayLike<number>): number {
  return Math.abs(dot(row(cell, 0), cross(row(cell, 1), row(cell, 2))))
}

/**
 * The cell that a MACE model receives: lattice vectors of periodic axes as they are; row k of every non-periodic axis is
 * `(max|r| + 1) · 5 · cutoff · e_k`, with max over all position components. A missing or all-zero cell counts as the
 * identity first. The volume of such a cell, and so the stress of a structure that is not periodic along every axis, is
 * a convention without meaning.
 *
 * Shapes: positions (N, 3) and the result (3, 3), row-major, Å. Source: mace-torch's neighbourhood code, ≥ 0.3.6.
 */
export function extendedCell(
  structure: { readonly positions: Float64Array; readonly cell: Float64Array | null; readonly pbc: Periodicity },
  cutoff: number,
): Float64Array {
  const { positions, cell, pbc } = structure
  const extended = cell === null || cell.every((x) => x === 0) ? Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) : Float64Array.from(cell)
  let largest = 0
  for (const x of positions) largest = Math.max(largest, Math.abs(x))
  const length = (largest + 1) * 5 * cutoff
  for (const k of [0, 1, 2] as const) {
    if (pbc[k]) continue
    extended.fill(0, 3 * k, 3 * k + 3)
    extended[4 * k] = length
  }
  return extended
}
