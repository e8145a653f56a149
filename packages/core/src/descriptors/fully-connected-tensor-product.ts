import { clebschGordan } from '../groups/index.ts'
import type { Irreps } from '../irreps/index.ts'
import { type EquivariantPolynomial, type IrDictPolynomial, Path, SegmentedOperand } from '../polynomials/index.ts'
import { commonGroupOf } from './arguments.ts'
import { at } from './at.ts'
import { equivariant, irrepsOperand, singleProduct, subarray } from './build.ts'
import { BoundedCache, cacheKey } from './cache.ts'
import { splitAllByIrreps } from './ir-dict.ts'

const cache = new BoundedCache<EquivariantPolynomial>()

/**
 * `z[kw] += c · C[ijk] · w[uvw] · x[iu] · y[jv]` for every triple of segments that couple.
 *
 * Inputs: the weights, one (mul 1, mul 2, mul 3) block a path, paths in the order of segments 1, 2, 3; x in `irreps1`; y in
 * `irreps2`. Output: `irreps3`. c = 1/√(Σ mul 1 · mul 2 over the paths into the output segment).
 *
 * @throws {InputError} if an argument is not irreps.
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 */
export function fullyConnectedTensorProduct(irreps1: Irreps, irreps2: Irreps, irreps3: Irreps): EquivariantPolynomial {
  const group = commonGroupOf('fullyConnectedTensorProduct', { irreps1, irreps2, irreps3 })
  return cache.getOrMake(cacheKey(group, irreps1, irreps2, irreps3), () => {
    const weights: number[][] = []
    const paths: Path[] = []
    const fanIn = irreps3.segments.map(() => 0)
    for (const [i, first] of irreps1.segments.entries())
      for (const [j, second] of irreps2.segments.entries()) {
        const reachable = new Set([...group.product(first.ir, second.ir)].map(String))
        for (const [k, third] of irreps3.segments.entries()) {
          if (!reachable.has(third.ir.toString())) continue
          const coupling = clebschGordan(first.ir, second.ir, third.ir)
          for (let s = 0; s < at(coupling.shape, 0); s++) {
            paths.push(new Path([weights.length, i, j, k], subarray(coupling, s)))
            weights.push([first.mul, second.mul, third.mul])
            fanIn[k] = at(fanIn, k) + first.mul * second.mul
          }
        }
      }
    const normalised = paths.map((path) => {
      const n = at(fanIn, at(path.indices, 3))
      return path.withCoefficients(path.coefficients.scale(n === 0 ? 0 : 1 / Math.sqrt(n)))
    })
    const weightOperand = new SegmentedOperand(weights, 3)
    const inputs = [weightOperand, irrepsOperand(irreps1), irrepsOperand(irreps2)]
    const polynomial = singleProduct('uvw,iu,jv,kw+ijk', inputs, irrepsOperand(irreps3), normalised)
    return equivariant([irreps1.newScalars(weightOperand.size), irreps1, irreps2], irreps3, polynomial)
  })
}

/** {@link fullyConnectedTensorProduct} with one operand for each segment of irreps: groups (weights, 1, 2) → (3). */
export function fullyConnectedTensorProductIrDict(irreps1: Irreps, irreps2: Irreps, irreps3: Irreps): IrDictPolynomial {
  const { polynomial } = fullyConnectedTensorProduct(irreps1, irreps2, irreps3)
  const weights = irreps1.newScalars(at(polynomial.inputs, 0).size)
  return splitAllByIrreps(polynomial, [weights, irreps1, irreps2], [irreps3])
}
