import { Irreps } from '../irreps/index.ts'
import { type EquivariantPolynomial, type IrDictPolynomial, Path, SegmentedOperand } from '../polynomials/index.ts'
import { commonGroupOf, type IrrepsFilterOut, outputFilter } from './arguments.ts'
import { equivariant, irrepsOperand, singleProduct } from './build.ts'
import { BoundedCache, cacheKey } from './cache.ts'
import { coupledPairs } from './coupled-pairs.ts'
import { splitAllByIrreps } from './ir-dict.ts'

interface FullProduct {
  readonly product: EquivariantPolynomial
  readonly irrepsOut: Irreps
}

const cache = new BoundedCache<FullProduct>()

/**
 * `z[kuv] += C[ijk] · x[iu] · y[jv]` for every pair of segments and every irrep of their product, without weights.
 *
 * Inputs: x in `irreps1`, y in `irreps2`. Output: one segment of mul 1 · mul 2 copies a path, sorted stably by irrep.
 * `filterIrrepsOut` keeps only some irreps.
 *
 * @throws {InputError} if an argument is not irreps.
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 */
export function fullTensorProduct(irreps1: Irreps, irreps2: Irreps, filterIrrepsOut?: IrrepsFilterOut): EquivariantPolynomial {
  return fullProduct(irreps1, irreps2, filterIrrepsOut).product
}

/** {@link fullTensorProduct} with one operand for each segment of irreps: groups (1, 2) → (3). An irrep may occur twice in the output. */
export function fullTensorProductIrDict(irreps1: Irreps, irreps2: Irreps, filterIrrepsOut?: IrrepsFilterOut): IrDictPolynomial {
  const { product, irrepsOut } = fullProduct(irreps1, irreps2, filterIrrepsOut)
  return splitAllByIrreps(product.polynomial, [irreps1, irreps2], [irrepsOut])
}

function fullProduct(irreps1: Irreps, irreps2: Irreps, filterIrrepsOut: IrrepsFilterOut | undefined): FullProduct {
  const group = commonGroupOf('fullTensorProduct', { irreps1, irreps2 })
  const filter = outputFilter('fullTensorProduct', group, filterIrrepsOut)
  return cache.getOrMake(cacheKey(group, irreps1, irreps2, filter.key), () => {
    const pairs = coupledPairs(group, irreps1, irreps2, filter)
    const irrepsOut = new Irreps(
      group,
      pairs.map(({ output }) => output),
    )
    const output = new SegmentedOperand(
      pairs.map(({ output: { ir }, muls }) => [ir.dim, ...muls]),
      3,
    )
    const paths = pairs.map(({ first, second, coupling }, n) => new Path([first, second, n], coupling))
    const polynomial = singleProduct('iu,jv,kuv+ijk', [irrepsOperand(irreps1), irrepsOperand(irreps2)], output, paths)
    return { product: equivariant([irreps1, irreps2], irrepsOut, polynomial), irrepsOut }
  })
}
