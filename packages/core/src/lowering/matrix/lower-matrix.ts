import type { Explanation } from '../explain.ts'
import type { Method, Plan, Target } from '../plan.ts'
import type { LoweredPolynomial, PolynomialRequest, PolynomialSizes } from '../request.ts'
import { explainPlan } from '../explanation.ts'
import { RowsTerm } from './rows-term.ts'
import { OperandView, type PlanParts } from './plan-parts.ts'
import { addTotal, placeForSums, SumTerm } from './sum-term.ts'
import { matrixTerms } from './terms.ts'

/**
 * A polynomial that is a sum of products of matrices, such as an equivariant linear layer, its transposes and its derivatives, made
 * into register tiles; `undefined` for any other polynomial.
 *
 * Served are weights that are shared, one a batch entry, or chosen by an index array (entries of one row are gathered by its order),
 * x that is batched or gathered, and gradients of the weights: sums over the batch in a fixed number of parts, so that results do
 * not depend on threads.
 */
export function lowerMatrix(request: PolynomialRequest, target: Target, method: Method | 'auto' = 'auto'): LoweredPolynomial | undefined {
  const terms = matrixTerms(request)
  if (!terms || terms.length === 0) return undefined
  const lowered = new MatrixPolynomial(request, target, terms)
  const { orders } = lowered
  const own = orders.length > 0 || method === 'indexed_linear' ? 'indexed_linear' : method === 'auto' ? 'uniform_1d' : method
  return {
    method: own,
    orders,
    plan: (sizes) => lowered.plan(sizes),
    explain: (sizes) => lowered.explain(own, sizes),
  }
}

class MatrixPolynomial {
  readonly orders: readonly number[]
  readonly #request: PolynomialRequest
  readonly #target: Target
  readonly #terms: readonly (RowsTerm | SumTerm)[][]

  constructor(request: PolynomialRequest, target: Target, terms: NonNullable<ReturnType<typeof matrixTerms>>) {
    this.#request = request
    this.#target = target
    const view = new OperandView(request)
    const made = terms.map((term) => ({ output: term.output, term: term.kind === 'sum' ? new SumTerm(view, term, target) : new RowsTerm(view, term, target) }))
    this.#terms = request.polynomial.outputs.map((_, o) => made.filter(({ output }) => output === o).map(({ term }) => term))
    this.orders = [...new Set(made.flatMap(({ term: { order } }) => (order === undefined ? [] : [order])))]
  }

  plan(sizes: PolynomialSizes): Plan {
    const parts: PlanParts = { temporaries: [], launches: [] }
    for (const [output, terms] of this.#terms.entries()) {
      const sums = terms.filter((term) => term instanceof SumTerm)
      if (sums.length > 0 || terms.length === 0) this.#addSums(sums, output, sizes, parts)
      for (const [k, term] of terms.entries()) if (term instanceof RowsTerm) term.plan(sizes, k > 0, parts)
    }
    return parts
  }

  explain(method: Method, sizes: PolynomialSizes): Explanation {
    const reason = 'every path is a product of matrices: register tiles over rows of entries, the shared side packed into panels'
    return explainPlan(method, reason, this.plan(sizes))
  }

  /** Partial sums of all terms behind one another, then their total; an output without terms is the total of no parts. */
  #addSums(terms: readonly SumTerm[], output: number, sizes: PolynomialSizes, parts: PlanParts): void {
    const { polynomial, outputScalars, mathScalar } = this.#request
    const rows = sizes.outputRows[output] ?? 1
    const size = rows * (polynomial.outputs[output]?.size ?? 0)
    if (size === 0) return
    const target = { slot: { kind: 'output', index: output }, scalar: outputScalars[output] ?? 'f32', size } as const
    const counts = terms.map((term) => term.numParts(sizes.batchSize, rows))
    const numParts = counts.reduce((total, count) => total + count, 0)
    const slot = placeForSums(parts, numParts, target, mathScalar)
    let before = 0
    for (const [k, term] of terms.entries()) {
      const own = counts[k] ?? 1
      term.plan(sizes, rows, { slot, numParts: own, before }, mathScalar, parts)
      before += own
    }
    if (slot.kind === 'temporary') addTotal(parts, { slot, numParts, before: 0 }, target, mathScalar, this.#target)
  }
}
