import { InputError } from '../errors.ts'
import type { Irrep } from '../groups/index.ts'
import type { Irreps } from '../irreps/index.ts'
import { HostArray } from '../math/host-array.ts'
import { einsum } from '../math/einsum.ts'
import type { EquivariantPolynomial, Path } from '../polynomials/index.ts'
import { commonGroupOf } from './arguments.ts'
import { at } from './at.ts'
import { componentOffsets, equivariant, flattenedOperand, scalarPath, singleProduct } from './build.ts'

/**
 * `y[ju] = H_ji x[iu]`, where H is the one discrete generator of the group and H² = 1: for O(3), the sign of each parity.
 *
 * @throws {InputError} if `irreps` is not irreps, or their group has no single generator of order two.
 */
export function inversion(irreps: Irreps): EquivariantPolynomial {
  commonGroupOf('inversion', { irreps })
  const offsets = componentOffsets(irreps)
  const paths: Path[] = []
  for (const [s, { ir }] of irreps.segments.entries()) {
    const matrix = involution(ir)
    for (let row = 0; row < ir.dim; row++)
      for (let column = 0; column < ir.dim; column++) {
        const value = matrix.get(row, column)
        if (value !== 0) paths.push(scalarPath([at(offsets, s) + column, at(offsets, s) + row], value))
      }
  }
  return equivariant([irreps], irreps, singleProduct('u,u', [flattenedOperand(irreps)], flattenedOperand(irreps), paths))
}

function involution(ir: Irrep): HostArray {
  const generators = ir.discreteGenerators()
  if (generators.shape[0] !== 1)
    throw new InputError(`inversion: ${ir.group.label} has ${generators.shape[0] ?? 0} discrete generators; use a group with exactly one, such as O3`)
  const matrix = generators.reshape([ir.dim, ir.dim])
  if (einsum('ij,jk->ik', matrix, matrix).maxAbsDifference(HostArray.identity(ir.dim)) > 1e-8)
    throw new InputError(`inversion: the square of the discrete generator of '${ir.toString()}' (${ir.group.label}) is not the identity; use a group where it is, such as O3`)
  return matrix
}
