import { InputError } from '../errors.ts'
import { type Irrep, O3, SO3 } from '../groups/index.ts'
import type { Irreps } from '../irreps/index.ts'
import { type EquivariantPolynomial, type Path, SegmentedOperand } from '../polynomials/index.ts'
import { commonGroupOf, degreeOf, requireInteger } from './arguments.ts'
import { at } from './at.ts'
import { componentOffsets, equivariant, flattenedOperand, scalarPath, singleProduct } from './build.ts'
import { BoundedCache, cacheKey } from './cache.ts'

/** `out[row] += coefficient · Π angle_n[angles[n]] · in[column]`. */
interface Entry {
  readonly angles: readonly number[]
  readonly column: number
  readonly row: number
  readonly coefficient: number
}

/** A rotation of one irrep, polynomial in the encoded angles; lmax is the encoding's. */
type RotationEntries = (ir: Irrep, lmax: number) => readonly Entry[]

/** Entries of products below this come from cancellation. */
const negligible = 1e-12

const cache = new BoundedCache<EquivariantPolynomial>()

/**
 * `y = R_y(φ) x`: rotation about the axis y by an angle that is an input.
 *
 * Inputs: the angle, encoded as `[cos(Lφ), …, cos φ, 1, sin φ, …, sin(Lφ)]` with L = `lmax` (by default the largest l in
 * `irreps`), 2L+1 scalars; x in `irreps`. Output: `irreps`. Linear in either input. Parities play no part.
 *
 * @throws {InputError} if `irreps` is not irreps of SO(3) or O(3), or `lmax` below their largest l.
 */
export function yRotation(irreps: Irreps, lmax?: number): EquivariantPolynomial {
  return rotation('yRotation', irreps, lmax, 1, aboutY)
}

/** `y = R_x(φ) x`; see {@link yRotation}. */
export function xRotation(irreps: Irreps, lmax?: number): EquivariantPolynomial {
  return rotation('xRotation', irreps, lmax, 1, aboutX)
}

/** `y = R_x(β) R_y(γ) x`, inputs γ, β, x; see {@link yRotation}. */
export function xyRotation(irreps: Irreps, lmax?: number): EquivariantPolynomial {
  return rotation('xyRotation', irreps, lmax, 2, inTurn(aboutY, aboutX))
}

/** `y = R_y(θ) R_x(φ) x`, inputs φ, θ, x; see {@link yRotation}. */
export function yxRotation(irreps: Irreps, lmax?: number): EquivariantPolynomial {
  return rotation('yxRotation', irreps, lmax, 2, inTurn(aboutX, aboutY))
}

/** `y = R_y(α) R_x(β) R_y(γ) x`, inputs γ, β, α, x: Euler angles; see {@link yRotation}. */
export function yxyRotation(irreps: Irreps, lmax?: number): EquivariantPolynomial {
  return rotation('yxyRotation', irreps, lmax, 3, inTurn(inTurn(aboutY, aboutX), aboutY))
}

/**
 * `y[ju] = R_ji x[iu]`: the rotation by a fixed angle (radians, right-handed) about a fixed axis, which is normalised.
 *
 * @throws {InputError} if `irreps` is not irreps of SO(3) or O(3), the axis is zero, or a number is not finite.
 * @throws {ShapeError} if the axis does not have three components.
 */
export function fixedAxisAngleRotation(irreps: Irreps, axis: ArrayLike<number>, angle: number): EquivariantPolynomial {
  commonGroupOf('fixedAxisAngleRotation', { irreps })
  const paths = irrepPaths(irreps, (ir) => {
    const matrix = rotatable('fixedAxisAngleRotation', ir).rotation(axis, angle)
    return [...matrix.data].flatMap((coefficient, flat) =>
      coefficient === 0 ? [] : [{ angles: [], column: flat % ir.dim, row: Math.floor(flat / ir.dim), coefficient }],
    )
  })
  return equivariant([irreps], irreps, singleProduct('u,u', [flattenedOperand(irreps)], flattenedOperand(irreps), paths))
}

function rotation(name: string, irreps: Irreps, lmax: number | undefined, numAngles: number, entries: RotationEntries): EquivariantPolynomial {
  const group = commonGroupOf(name, { irreps })
  const largest = Math.max(0, ...irreps.segments.map(({ ir }) => degreeOf(name, ir)))
  if (lmax !== undefined) {
    requireInteger(name, 'lmax', lmax, 0)
    if (lmax < largest) throw new InputError(`${name}: lmax = ${lmax} is below the largest l = ${largest} of '${irreps.toString()}'; raise it, or leave it out`)
  }
  const encoded = lmax ?? largest
  return cache.getOrMake(cacheKey(group, name, irreps, encoded), () => {
    const angle = irreps.newScalars(2 * encoded + 1)
    const angles = Array.from({ length: numAngles }, () => angle)
    const paths = irrepPaths(irreps, (ir) => entries(ir, encoded))
    const subscripts = [...angles.map(() => ''), 'u', 'u'].join(',')
    const inputs = [...angles.map(() => SegmentedOperand.emptySegments(2 * encoded + 1)), flattenedOperand(irreps)]
    return equivariant([angle, ...angles.slice(1), irreps], irreps, singleProduct(subscripts, inputs, flattenedOperand(irreps), paths))
  })
}

/** The entries of each segment's irrep as paths between flattened operands. */
function irrepPaths(irreps: Irreps, entries: (ir: Irrep) => readonly Entry[]): readonly Path[] {
  const offsets = componentOffsets(irreps)
  return irreps.segments.flatMap(({ ir }, s) =>
    entries(ir).map(({ angles, column, row, coefficient }) => scalarPath([...angles, at(offsets, s) + column, at(offsets, s) + row], coefficient)),
  )
}

/** R_y turns components −m and m like a vector in the plane by the angle mφ, and leaves m = 0. */
function aboutY(ir: Irrep, lmax: number): readonly Entry[] {
  const l = degreeOf('rotation', ir)
  const entries: Entry[] = [{ angles: [lmax], column: l, row: l, coefficient: 1 }]
  for (let m = 1; m <= l; m++) {
    const [cos, sin] = [[lmax - m], [lmax + m]]
    entries.push(
      { angles: cos, column: l - m, row: l - m, coefficient: 1 },
      { angles: sin, column: l + m, row: l - m, coefficient: 1 },
      { angles: sin, column: l - m, row: l + m, coefficient: -1 },
      { angles: cos, column: l + m, row: l + m, coefficient: 1 },
    )
  }
  return entries
}

/** R_x = Z R_y Zᵀ, where Z is the quarter turn about z that takes y to x. */
function aboutX(ir: Irrep, lmax: number): readonly Entry[] {
  const turn = rotatable('rotation', ir).rotation([0, 0, 1], -Math.PI / 2)
  const [forward, backward]: [Entry[], Entry[]] = [[], []]
  for (let row = 0; row < ir.dim; row++)
    for (let column = 0; column < ir.dim; column++) {
      const coefficient = turn.get(row, column)
      if (coefficient === 0) continue
      forward.push({ angles: [], column, row, coefficient })
      backward.push({ angles: [], column: row, row: column, coefficient })
    }
  return composed(composed(backward, aboutY(ir, lmax)), forward)
}

/** The rotation `first`, then the rotation `second`; angles in that order. */
function inTurn(first: RotationEntries, second: RotationEntries): RotationEntries {
  return (ir, lmax) => composed(first(ir, lmax), second(ir, lmax))
}

function composed(first: readonly Entry[], second: readonly Entry[]): readonly Entry[] {
  const sums = new Map<string, Entry>()
  for (const a of first)
    for (const b of second) {
      if (b.column !== a.row) continue
      const angles = [...a.angles, ...b.angles]
      const key = [...angles, a.column, b.row].join()
      const coefficient = (sums.get(key)?.coefficient ?? 0) + a.coefficient * b.coefficient
      sums.set(key, { angles, column: a.column, row: b.row, coefficient })
    }
  return [...sums.values()].filter(({ coefficient }) => Math.abs(coefficient) > negligible)
}

function rotatable(name: string, ir: Irrep): SO3 | O3 {
  if (ir instanceof SO3 || ir instanceof O3) return ir
  throw new InputError(`${name} needs irreps of SO3 or O3, but '${ir.toString()}' belongs to ${ir.group.label}`)
}
