import { HostArray, InternalError, Operation, Path, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct } from '@equivar/core'
import { array, concatenate, matmul, reshape, segmentedPolynomial, type NDArray } from '@equivar/engine'
import type { Coupling, LayerDefinition } from '../definition.ts'
import { channelsOf, maceIrreps } from './irreps.ts'
import type { Parameters } from './parameters.ts'
import { single } from './single.ts'

/** A product of features that one output component needs: `x[a_1] · … · x[a_ν]` into component m of one output irrep. */
interface Monomial {
  readonly component: number
  readonly factors: readonly number[]
}

/** One contraction and degree: its monomials, and the matrix that turns its weights into their coefficients. */
interface Term {
  /** Key of the stored weights below `symmetric_contractions.`. */
  readonly weights: string
  readonly monomials: readonly Monomial[]
  /** [monomials, paths], row-major. */
  readonly fold: Float64Array
  readonly numPaths: number
}

/**
 * MACE's symmetric contraction with the weights of a species folded into the coefficients of the monomials:
 *
 * `B[m, u] = Σ_ν Σ_{a_1 ≤ … ≤ a_ν} c_s[(m, a), u] x[a_1, u] … x[a_ν, u]`, `c_s[(m, a), u] = Σ_η value[(m, a), η] W_s[η, u]`.
 *
 * The path form evaluates every η for every node; folded, a node costs one multiply-add a monomial, several times fewer.
 * The fold is linear in the weights and happens once a model. Source: Batatia et al., arXiv:2206.07697, equations 10–11.
 */
export class SymmetricContraction {
  readonly #terms: readonly Term[]
  readonly #polynomial: SegmentedPolynomial
  readonly #channels: number
  readonly #agnostic: boolean

  constructor(target: string, product: LayerDefinition['product'], couplings: readonly (readonly Coupling[])[]) {
    const irrepsIn = maceIrreps(target)
    this.#channels = channelsOf(irrepsIn)
    this.#agnostic = product.agnostic
    let firstComponent = 0
    this.#terms = couplings.flatMap((degrees, k) => {
      const terms = degrees.map((coupling) => termOf(coupling, `contractions.${k}.${weightName(coupling.degree, degrees.length)}`, firstComponent))
      firstComponent += degrees[0]?.numComponents ?? 0
      return terms
    })
    const numFeatures = [...irrepsIn].reduce((count, { ir }) => count + ir.dim, 0)
    this.#polynomial = contractionPolynomial(this.#terms, numFeatures, firstComponent, this.#channels)
  }

  /** The folded coefficients, [species, monomials · channels] (one row when all elements share the weights). */
  prepare(parameters: Parameters): NDArray {
    const rows = this.#terms.map(({ weights, monomials, fold, numPaths }) => {
      const stored = parameters.get(`symmetric_contractions.${weights}`)
      const matrix = array(fold, { shape: [monomials.length, numPaths], dtype: parameters.dtype })
      return reshape(matmul(matrix, stored), [stored.shape[0] ?? 0, monomials.length * this.#channels])
    })
    return concatenate(rows, 1)
  }

  /** x [N, features · channels] in the (irrep, mul) layout, species [N] → [N, components · channels]. */
  apply(coefficients: NDArray, x: NDArray, species: NDArray): NDArray {
    const perNode = this.#agnostic ? coefficients : { array: coefficients, indices: species }
    return single(segmentedPolynomial(this.#polynomial, [perNode, x], { batchSize: x.shape[0] ?? 0 }))
  }
}

/** mace-torch stores the highest degree as `weights_max` and the others in falling order. */
function weightName(degree: number, highest: number): string {
  return degree === highest ? 'weights_max' : `weights.${highest - 1 - degree}`
}

function termOf({ degree, indices, values, numPaths }: Coupling, weights: string, firstComponent: number): Term {
  const width = degree + 2
  const rows = new Map<string, number>()
  const monomials: Monomial[] = []
  const entries: { readonly row: number; readonly path: number; readonly value: number }[] = []
  for (const [n, value] of values.entries()) {
    const entry = indices.subarray(n * width, (n + 1) * width)
    const key = entry.subarray(0, degree + 1).join()
    let row = rows.get(key)
    if (row === undefined) {
      row = monomials.length
      rows.set(key, row)
      monomials.push({ component: firstComponent + (entry[0] ?? 0), factors: [...entry.subarray(1, degree + 1)] })
    }
    entries.push({ row, path: entry[degree + 1] ?? 0, value })
  }
  const fold = new Float64Array(monomials.length * numPaths)
  for (const { row, path, value } of entries) fold[row * numPaths + path] = value
  return { weights, monomials, fold, numPaths }
}

/** `c[k, u], x[u] (ν times) → B[m, u]`, one operation a degree, one path a monomial. */
function contractionPolynomial(terms: readonly Term[], numFeatures: number, numComponents: number, channels: number): SegmentedPolynomial {
  const segments = (count: number) => new SegmentedOperand(Array.from({ length: count }, () => [channels]), 1)
  const coefficients = segments(terms.reduce((count, { monomials }) => count + monomials.length, 0))
  const features = segments(numFeatures)
  const output = segments(numComponents)
  const pathsByDegree = new Map<number, Path[]>()
  let k = 0
  for (const { monomials } of terms)
    for (const { component, factors } of monomials) {
      const paths = pathsByDegree.get(factors.length) ?? []
      paths.push(new Path([k++, ...factors, component], HostArray.scalar(1)))
      pathsByDegree.set(factors.length, paths)
    }
  if (k === 0) throw new InternalError('symmetric contraction without a monomial')
  const operations = [...pathsByDegree].map(([degree, paths]) => {
    const repeated = Array.from({ length: degree })
    const product = new SegmentedTensorProduct(
      Array.from({ length: degree + 2 }, () => 'u').join(','),
      [coefficients, ...repeated.map(() => features), output],
      paths,
    )
    return [new Operation([0, ...repeated.map(() => 1), 2]), product] as const
  })
  return new SegmentedPolynomial([coefficients, features], [output], operations)
}
