import { InputError } from '../errors.ts'
import { clebschGordan, type Irrep, type IrrepClass, O3 } from '../groups/index.ts'
import { at } from './at.ts'

/** How products of x are numbered, degree by degree: `x_a · x_b · …` with or without regard to order. */
export interface ProductSpace {
  /** Number of products of that many factors. */
  size(degree: number): number
  /** Number of the product that a product of that many factors becomes when x_variable is multiplied from the right. */
  times(degree: number): (product: number, variable: number) => number
}

/** One coupling of x ⊗ … ⊗ x to an irrep: `values[i · size + product]`. */
interface Coupling {
  readonly ir: Irrep
  readonly values: Float64Array
}

/** The original code bounds the intermediate irreps of degree 4, to natural parity and l below this. */
const numDegreesAtFour = 12

/**
 * The couplings of x^degree to each irrep of `outputs`, in the order of MACE's path dimension:
 *
 * `T'_i,a…b = Σ_jk C_jki T_j,a… δ_k,b`, for each coupling T of one factor less (in the stable order of their irreps), each
 * slot of x, and each irrep of the product, starting from the slots themselves. There is no path normalisation.
 *
 * Source: Batatia et al., MACE, arXiv:2206.07697, eq. 10 and the generalised Clebsch–Gordan coefficients it refers to.
 *
 * @throws {InputError} for degree 4 in a group without parity.
 */
export function maceCouplings(
  group: IrrepClass,
  slots: readonly Irrep[],
  degree: number,
  outputs: ReadonlySet<string>,
  space: ProductSpace,
): ReadonlyMap<string, readonly Float64Array[]> {
  const isAllowed = intermediateFilter(group, degree)
  const offsets = slots.map((_, s) => slots.slice(0, s).reduce((sum, { dim }) => sum + dim, 0))
  let couplings = slots.map((ir, s) => variables(ir, at(offsets, s), space))
  for (let n = 1; n < degree; n++) {
    const isLast = n === degree - 1
    const [size, times] = [space.size(n + 1), space.times(n)]
    couplings = couplings.flatMap((left) =>
      slots.flatMap((slot, s) =>
        [...group.product(left.ir, slot)]
          .filter((ir) => isAllowed(ir) && (!isLast || outputs.has(ir.toString())))
          .flatMap((ir) => coupled(left, slot, ir, at(offsets, s), size, times)),
      ),
    )
    couplings.sort((p, q) => group.compare(p.ir, q.ir))
  }
  return new Map([...outputs].map((name) => [name, couplings.filter(({ ir }) => ir.toString() === name).map(({ values }) => values)]))
}

function variables(ir: Irrep, offset: number, space: ProductSpace): Coupling {
  const size = space.size(1)
  const values = new Float64Array(ir.dim * size)
  for (let i = 0; i < ir.dim; i++) values[i * size + offset + i] = 1
  return { ir, values }
}

function coupled(
  left: Coupling,
  slot: Irrep,
  ir: Irrep,
  offset: number,
  size: number,
  times: (product: number, variable: number) => number,
): Coupling[] {
  const tensor = clebschGordan(left.ir, slot, ir)
  const leftSize = left.values.length / left.ir.dim
  return Array.from({ length: at(tensor.shape, 0) }, (_, s) => {
    const values = new Float64Array(ir.dim * size)
    let flat = s * left.ir.dim * slot.dim * ir.dim
    for (let j = 0; j < left.ir.dim; j++)
      for (let k = 0; k < slot.dim; k++)
        for (let i = 0; i < ir.dim; i++) {
          const c = at(tensor.data, flat++)
          if (c === 0) continue
          for (let product = 0; product < leftSize; product++) {
            const value = at(left.values, j * leftSize + product)
            if (value === 0) continue
            const position = i * size + times(product, offset + k)
            values[position] = at(values, position) + c * value
          }
        }
    return { ir, values }
  })
}

function intermediateFilter(group: IrrepClass, degree: number): (ir: Irrep) => boolean {
  if (degree !== 4) return () => true
  if (!(group.prototype instanceof O3) && group !== (O3 as IrrepClass))
    throw new InputError(`MACE's couplings of degree 4 keep irreps of natural parity, and ${group.label} has no parity; use O3 or O3E3nn, or a degree up to 3`)
  return (ir) => ir instanceof O3 && ir.p === (-1) ** ir.l && ir.l < numDegreesAtFour
}

/** Ordered products: x_a ⊗ x_b ⊗ … is number `((a · d) + b) · d + …`. */
export function orderedProducts(numVariables: number): ProductSpace {
  return {
    size: (degree) => numVariables ** degree,
    times: () => (product, variable) => product * numVariables + variable,
  }
}
