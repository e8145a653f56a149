import { InputError } from '../errors.ts'
import type { Irrep } from '../groups/index.ts'
import type { Irreps } from '../irreps/index.ts'
import { HostArray } from '../math/host-array.ts'
import { commonGroupOf, requireInteger } from './arguments.ts'
import { at } from './at.ts'
import { maceCouplings, orderedProducts } from './mace-couplings.ts'

/** Numbers in one tensor that a JavaScript engine still allocates. */
const maxSize = 2 ** 31

/**
 * MACE's own tensor U of one degree ν, with which `y_k[c] = Σ_η W[η,c] Σ_{a…b} U[k,a,…,b,η] x_a[c] … x_b[c]`:
 * shape (dim out, d, …, d, P), ν axes of d, where d is the dimension of `irrepsIn` with every multiplicity 1 and P the
 * number of paths. Column η couples the factors of x from left to right; its squared norm is dim out.
 *
 * In group O3E3nn this equals the buffers `U_matrix_ν` of checkpoints (which drop the first axis where dim out = 1). As
 * there, an unreachable output has one column, of zeros.
 *
 * @throws {InputError} if the degree is not a positive integer, or for degree 4 in a group without parity.
 * @throws {GroupMismatchError} if `irrepOut` belongs to another group.
 * @throws {IrrepsError} if `irrepOut` is a string that does not parse.
 */
export function originalMaceBasis(irrepsIn: Irreps, irrepOut: Irrep | string, degree: number): HostArray {
  const group = commonGroupOf('originalMaceBasis', { irrepsIn })
  requireInteger('originalMaceBasis', 'degree', degree, 1)
  const out = group.from(irrepOut)
  const slots = irrepsIn.segments.map(({ ir }) => ir)
  const numVariables = slots.reduce((sum, { dim }) => sum + dim, 0)
  const size = out.dim * numVariables ** degree
  if (size > maxSize) throw new InputError(`originalMaceBasis: one path of degree ${degree} in ${numVariables} dimensions holds ${size} numbers; lower the degree`)
  const name = out.toString()
  const paths = maceCouplings(group, slots, degree, new Set([name]), orderedProducts(numVariables)).get(name) ?? []
  const shape = [out.dim, ...Array.from({ length: degree }, () => numVariables), Math.max(1, paths.length)]
  if (size * paths.length > maxSize) throw new InputError(`originalMaceBasis: shape [${shape.join(', ')}] is too large for one array; lower the degree`)
  const data = new Float64Array(size * Math.max(1, paths.length))
  for (const [eta, values] of paths.entries())
    for (let flat = 0; flat < size; flat++) data[flat * paths.length + eta] = at(values, flat)
  return new HostArray(shape, data)
}
