import type { Irreps } from '../irreps/index.ts'
import { type EquivariantPolynomial, type IrDictPolynomial, type Path, SegmentedOperand } from '../polynomials/index.ts'
import { commonGroupOf } from './arguments.ts'
import { at } from './at.ts'
import { equivariant, irrepsOperand, scalarPath, singleProduct } from './build.ts'
import { BoundedCache, cacheKey } from './cache.ts'
import { splitAllByIrreps } from './ir-dict.ts'

const cache = new BoundedCache<EquivariantPolynomial>()

/**
 * `y[iv] += c · w[uv] · x[iu]` for every pair of an input and an output segment of one irrep.
 *
 * Inputs: the weights, `numel` scalars, one (mul in, mul out) block a pair, pairs with the input segment outermost; and x in
 * `irrepsIn`. Output: `irrepsOut`, zero where no input has its irrep. c = 1/√(number of input copies of the irrep), so that
 * weights and inputs of unit variance give outputs of unit variance.
 *
 * @throws {InputError} if an argument is not irreps.
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 */
export function linear(irrepsIn: Irreps, irrepsOut: Irreps): EquivariantPolynomial {
  const group = commonGroupOf('linear', { irrepsIn, irrepsOut })
  return cache.getOrMake(cacheKey(group, irrepsIn, irrepsOut), () => {
    const weights: number[][] = []
    const paths: Path[] = []
    for (const [i, input] of irrepsIn.segments.entries())
      for (const [o, output] of irrepsOut.segments.entries()) {
        if (input.ir.toString() !== output.ir.toString()) continue
        const fanIn = irrepsIn.count(input.ir)
        paths.push(scalarPath([weights.length, i, o], fanIn === 0 ? 0 : 1 / Math.sqrt(fanIn)))
        weights.push([input.mul, output.mul])
      }
    const weightOperand = new SegmentedOperand(weights, 2)
    const polynomial = singleProduct('uv,iu,iv', [weightOperand, irrepsOperand(irrepsIn)], irrepsOperand(irrepsOut), paths)
    return equivariant([irrepsIn.newScalars(weightOperand.size), irrepsIn], irrepsOut, polynomial)
  })
}

/** {@link linear} with one operand for each segment of irreps: groups (weights, in) → (out). */
export function linearIrDict(irrepsIn: Irreps, irrepsOut: Irreps): IrDictPolynomial {
  const { polynomial } = linear(irrepsIn, irrepsOut)
  const weights = irrepsIn.newScalars(at(polynomial.inputs, 0).size)
  return splitAllByIrreps(polynomial, [weights, irrepsIn], [irrepsOut])
}
