import { Irreps } from '../irreps/index.ts'
import { type EquivariantPolynomial, type IrDictPolynomial, Path, SegmentedOperand } from '../polynomials/index.ts'
import { commonGroupOf, type IrrepsFilterOut, outputFilter } from './arguments.ts'
import { at } from './at.ts'
import { componentOffsets, equivariant, flattenedOperand, irrepsOperand, scalarPath, singleProduct } from './build.ts'
import { BoundedCache, cacheKey } from './cache.ts'
import { type CoupledPair, coupledPairs } from './coupled-pairs.ts'
import { splitAllByIrreps } from './ir-dict.ts'

export interface ChannelwiseOptions {
  /** Merge output segments of one irrep into one segment; false by default. */
  readonly simplifyIrreps3?: boolean
}

const cache = new BoundedCache<EquivariantPolynomial>()

/**
 * `z[kuv] += C[ijk] · w[uv] · x[iu] · y[jv]` for every pair of segments and every irrep of their product: no sum over
 * channels, each copy u of x meets each copy v of y with a weight of its own.
 *
 * Inputs: the weights, one (mul 1, mul 2) block a path; x in `irreps1`; y in `irreps2`. Output: one segment of mul 1 · mul 2
 * copies a path, sorted stably by irrep, and the weight blocks likewise. `filterIrrepsOut` keeps only some irreps.
 *
 * With `simplifyIrreps3`, equal irreps are merged into one segment (paths behind one another along the multiplicity), and
 * the component modes are unrolled: `z[uv] += C · w[uv] · x[u] · y[v]` for every non-zero C_ijk. The order of the weights
 * stays.
 *
 * @throws {InputError} if an argument is not irreps.
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 */
export function channelwiseTensorProduct(
  irreps1: Irreps,
  irreps2: Irreps,
  filterIrrepsOut?: IrrepsFilterOut,
  { simplifyIrreps3 = false }: ChannelwiseOptions = {},
): EquivariantPolynomial {
  const group = commonGroupOf('channelwiseTensorProduct', { irreps1, irreps2 })
  const filter = outputFilter('channelwiseTensorProduct', group, filterIrrepsOut)
  return cache.getOrMake(cacheKey(group, irreps1, irreps2, filter.key, simplifyIrreps3), () => {
    const pairs = coupledPairs(group, irreps1, irreps2, filter)
    return simplifyIrreps3 ? simplified(irreps1, irreps2, pairs) : blocked(irreps1, irreps2, pairs)
  })
}

/** {@link channelwiseTensorProduct}, simplified, with one operand for each segment of irreps: groups (weights, 1, 2) → (3). */
export function channelwiseTensorProductIrDict(irreps1: Irreps, irreps2: Irreps, filterIrrepsOut?: IrrepsFilterOut): IrDictPolynomial {
  const group = commonGroupOf('channelwiseTensorProduct', { irreps1, irreps2 })
  const { polynomial } = channelwiseTensorProduct(irreps1, irreps2, filterIrrepsOut, { simplifyIrreps3: true })
  const pairs = coupledPairs(group, irreps1, irreps2, outputFilter('channelwiseTensorProduct', group, filterIrrepsOut))
  const weights = irreps1.newScalars(at(polynomial.inputs, 0).size)
  return splitAllByIrreps(polynomial, [weights, irreps1, irreps2], [outputIrreps(irreps1, pairs).simplify()])
}

function outputIrreps({ group }: Irreps, pairs: readonly CoupledPair[]): Irreps {
  return new Irreps(
    group,
    pairs.map(({ output }) => output),
  )
}

function weightOperand(pairs: readonly CoupledPair[]): SegmentedOperand {
  return new SegmentedOperand(
    pairs.map(({ muls }) => muls),
    2,
  )
}

function blocked(irreps1: Irreps, irreps2: Irreps, pairs: readonly CoupledPair[]): EquivariantPolynomial {
  const weights = weightOperand(pairs)
  const output = new SegmentedOperand(
    pairs.map(({ output: { ir }, muls }) => [ir.dim, ...muls]),
    3,
  )
  const paths = pairs.map(({ first, second, coupling }, n) => new Path([n, first, second, n], coupling))
  const polynomial = singleProduct('uv,iu,jv,kuv+ijk', [weights, irrepsOperand(irreps1), irrepsOperand(irreps2)], output, paths)
  return equivariant([irreps1.newScalars(weights.size), irreps1, irreps2], outputIrreps(irreps1, pairs), polynomial)
}

function simplified(irreps1: Irreps, irreps2: Irreps, pairs: readonly CoupledPair[]): EquivariantPolynomial {
  const weights = weightOperand(pairs)
  const [offsets1, offsets2] = [componentOffsets(irreps1), componentOffsets(irreps2)]
  const outputSegments: (readonly number[])[] = []
  const paths: Path[] = []
  for (let start = 0; start < pairs.length; ) {
    const { ir } = at(pairs, start).output
    let end = start
    while (end < pairs.length && at(pairs, end).output.ir.toString() === ir.toString()) end++
    const width = end - start
    for (let n = start; n < end; n++) {
      const { first, second, coupling } = at(pairs, n)
      const [di, dj] = [at(coupling.shape, 0), at(coupling.shape, 1)]
      for (let i = 0, flat = 0; i < di; i++)
        for (let j = 0; j < dj; j++)
          for (let k = 0; k < ir.dim; k++, flat++) {
            const c = at(coupling.data, flat)
            // Components k outermost, paths inside: the rows of one merged (ir, mul) block.
            const target = outputSegments.length + k * width + (n - start)
            if (c !== 0) paths.push(scalarPath([n, at(offsets1, first) + i, at(offsets2, second) + j, target], c))
          }
    }
    for (let k = 0; k < ir.dim; k++) outputSegments.push(...pairs.slice(start, end).map(({ muls }) => muls))
    start = end
  }
  const inputs = [weights, flattenedOperand(irreps1), flattenedOperand(irreps2)]
  const polynomial = singleProduct('uv,u,v,uv', inputs, new SegmentedOperand(outputSegments, 2), paths)
  return equivariant([irreps1.newScalars(weights.size), irreps1, irreps2], outputIrreps(irreps1, pairs).simplify(), polynomial)
}
