import { InputError } from '../errors.ts'
import { clebschGordan } from '../groups/index.ts'
import { Irreps, MulIrrep } from '../irreps/index.ts'
import { type EquivariantPolynomial, type IrDictPolynomial, Path } from '../polynomials/index.ts'
import { commonGroupOf, type IrrepsFilterOut, outputFilter } from './arguments.ts'
import { at } from './at.ts'
import { equivariant, irrepsOperand, singleProduct, subarray } from './build.ts'
import { BoundedCache, cacheKey } from './cache.ts'
import { splitAllByIrreps } from './ir-dict.ts'

interface ElementwiseProduct {
  readonly product: EquivariantPolynomial
  /** Both inputs, cut where either has a boundary. */
  readonly aligned: readonly [Irreps, Irreps]
  readonly irrepsOut: Irreps
}

const cache = new BoundedCache<ElementwiseProduct>()

/**
 * `z[ku] += C[ijk] · x[iu] · y[ju]`: copy n of x times copy n of y, and every irrep of their product.
 *
 * Inputs: x in `irreps1`, y in `irreps2`, with equally many copies in all. Where a boundary between segments of one falls
 * inside a segment of the other, that segment is cut, which in layout (ir, mul) takes a one-dimensional irrep. Output: one
 * segment for each pair of segments and each irrep, in that order. `filterIrrepsOut` keeps only some irreps.
 *
 * @throws {InputError} if an argument is not irreps, the numbers of copies differ, or a segment cannot be cut.
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 */
export function elementwiseTensorProduct(irreps1: Irreps, irreps2: Irreps, filterIrrepsOut?: IrrepsFilterOut): EquivariantPolynomial {
  return elementwiseProduct(irreps1, irreps2, filterIrrepsOut).product
}

/**
 * {@link elementwiseTensorProduct} with one operand for each pair of segments: groups (1, 2) → (3), where 1 and 2 are the
 * inputs after cutting. An irrep may occur twice in the output.
 */
export function elementwiseTensorProductIrDict(irreps1: Irreps, irreps2: Irreps, filterIrrepsOut?: IrrepsFilterOut): IrDictPolynomial {
  const { product, aligned, irrepsOut } = elementwiseProduct(irreps1, irreps2, filterIrrepsOut)
  return splitAllByIrreps(product.polynomial, aligned, [irrepsOut])
}

function elementwiseProduct(irreps1: Irreps, irreps2: Irreps, filterIrrepsOut: IrrepsFilterOut | undefined): ElementwiseProduct {
  const group = commonGroupOf('elementwiseTensorProduct', { irreps1, irreps2 })
  const filter = outputFilter('elementwiseTensorProduct', group, filterIrrepsOut)
  return cache.getOrMake(cacheKey(group, irreps1, irreps2, filter.key), () => {
    const aligned = align(irreps1, irreps2)
    const outputs: MulIrrep[] = []
    const paths: Path[] = []
    for (const [n, a] of aligned[0].segments.entries()) {
      const b = aligned[1].at(n)
      for (const ir of [...group.product(a.ir, b.ir)].filter((product) => filter.accepts(product)).sort((p, q) => group.compare(p, q))) {
        const coupling = clebschGordan(a.ir, b.ir, ir)
        for (let s = 0; s < at(coupling.shape, 0); s++) {
          paths.push(new Path([n, n, outputs.length], subarray(coupling, s)))
          outputs.push(new MulIrrep(a.mul, ir))
        }
      }
    }
    const irrepsOut = new Irreps(group, outputs)
    const polynomial = singleProduct('iu,ju,ku+ijk', aligned.map(irrepsOperand), irrepsOperand(irrepsOut), paths)
    return { product: equivariant([irreps1, irreps2], irrepsOut, polynomial), aligned, irrepsOut }
  })
}

/** Both lists cut at the union of their boundaries, without empty segments. */
function align(irreps1: Irreps, irreps2: Irreps): readonly [Irreps, Irreps] {
  if (irreps1.numIrreps !== irreps2.numIrreps)
    throw new InputError(
      `elementwiseTensorProduct: irreps1 '${irreps1.toString()}' holds ${irreps1.numIrreps} copies of irreps, ` +
        `irreps2 '${irreps2.toString()}' holds ${irreps2.numIrreps}; pass equal numbers`,
    )
  const boundaries = [...new Set([...boundariesOf(irreps1), ...boundariesOf(irreps2)])].sort((a, b) => a - b)
  return [cut(irreps1, boundaries), cut(irreps2, boundaries)]
}

function boundariesOf(irreps: Irreps): readonly number[] {
  let end = 0
  return irreps.segments.map(({ mul }) => (end += mul))
}

function cut(irreps: Irreps, boundaries: readonly number[]): Irreps {
  let start = 0
  const pieces = irreps.segments.flatMap((segment) => {
    const end = start + segment.mul
    const inside = boundaries.filter((boundary) => boundary > start && boundary <= end)
    if (inside.length > 1 && segment.ir.dim > 1)
      throw new InputError(
        `elementwiseTensorProduct: segment ${segment.toString()} of '${irreps.toString()}' would have to be cut at copy ${at(inside, 0) - start}, ` +
          `and only one-dimensional irreps can be; give both irreps the same multiplicities there`,
      )
    const muls = inside.map((boundary, n) => boundary - (inside[n - 1] ?? start))
    start = end
    return muls.map((mul) => new MulIrrep(mul, segment.ir))
  })
  return new Irreps(irreps.group, pieces)
}
