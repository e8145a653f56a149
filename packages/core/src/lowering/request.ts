import type { SegmentedPolynomial } from '../polynomials/index.ts'
import type { Explanation } from './explain.ts'
import type { Method, Plan } from './plan.ts'

/**
 * Row of an operand that belongs to batch entry b: `shared` row 0, `batched` row b, `indexed` row `indices[b]` of the index array
 * with that number: a gather for an input, a sum into rows for an output. A `shared` output is summed over the batch.
 */
export type RowAccess = { readonly kind: 'shared' } | { readonly kind: 'batched' } | { readonly kind: 'indexed'; readonly index: number }

export type FloatScalar = 'f32' | 'f64'

/** All that decides which kernels are made; sizes come later. */
export interface PolynomialRequest {
  readonly polynomial: SegmentedPolynomial
  readonly inputs: readonly RowAccess[]
  readonly outputs: readonly RowAccess[]
  /** Element types in memory, one an input and one an output, and that of the arithmetic. */
  readonly inputScalars: readonly FloatScalar[]
  readonly outputScalars: readonly FloatScalar[]
  readonly mathScalar: FloatScalar
}

/** Numbers of rows; an index array has `batchSize` entries. */
export interface PolynomialSizes {
  readonly batchSize: number
  readonly inputRows: readonly number[]
  readonly outputRows: readonly number[]
}

/**
 * A polynomial made into kernels. In its plans, inputs are the operands and then the index arrays (`i32`), as in the request.
 */
export interface LoweredPolynomial {
  readonly method: Method
  /** Index arrays whose order the plans use. */
  readonly orders: readonly number[]
  plan(sizes: PolynomialSizes): Plan
  explain(sizes: PolynomialSizes): Explanation
}
