import { bytesPerElement, type SegmentedPolynomial } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import type { Dtype } from '../cases/case.ts'

/** Where the rows of operands belong. */
export type RowAccess = lowering.RowAccess

export const shared: RowAccess = { kind: 'shared' }
export const batched: RowAccess = { kind: 'batched' }
export function indexed(index: number): RowAccess {
  return { kind: 'indexed', index }
}

/** Which rows entries use, and how many there are. */
export interface RowIndices {
  readonly data: Int32Array
  readonly rows: number
}

/** A polynomial over a batch: all that kernels for it need. */
export interface PolynomialProblem {
  readonly polynomial: SegmentedPolynomial
  readonly inputs: readonly RowAccess[]
  readonly outputs: readonly RowAccess[]
  readonly batchSize: number
  readonly indices: readonly RowIndices[]
}

/** What is asked of lowering, all in one type. */
export function requestOf({ polynomial, inputs, outputs }: PolynomialProblem, scalar: Dtype): lowering.PolynomialRequest {
  return { polynomial, inputs, outputs, inputScalars: inputs.map(() => scalar), outputScalars: outputs.map(() => scalar), mathScalar: scalar }
}

export function sizesOf(problem: PolynomialProblem): lowering.PolynomialSizes {
  const { inputs, outputs, batchSize } = problem
  return { batchSize, inputRows: inputs.map((access) => rowsOf(problem, access)), outputRows: outputs.map((access) => rowsOf(problem, access)) }
}

export function rowsOf({ batchSize, indices }: PolynomialProblem, access: RowAccess): number {
  if (access.kind === 'shared') return 1
  return access.kind === 'batched' ? batchSize : (indices[access.index]?.rows ?? 0)
}

/** Bytes that must move: every operand and every index array once. */
export function leastBytes(problem: PolynomialProblem, scalar: Dtype): number {
  const { polynomial, inputs, outputs, batchSize } = problem
  const used = new Set([...inputs, ...outputs].flatMap((access) => (access.kind === 'indexed' ? [access.index] : [])))
  const elements = (sizes: readonly { readonly size: number }[], accesses: readonly RowAccess[]) =>
    sizes.reduce((sum, { size }, k) => sum + size * rowsOf(problem, accesses[k] ?? batched), 0)
  return (elements(polynomial.inputs, inputs) + elements(polynomial.outputs, outputs)) * bytesPerElement[scalar] + used.size * batchSize * 4
}

/** The gradients by all inputs, and once more those of the gradients, as problems of the same batch. */
export function gradientsOf(problem: PolynomialProblem): PolynomialProblem {
  const { polynomial, inputs, outputs } = problem
  const [backward, map] = polynomial.backward(
    inputs.map(() => true),
    outputs.map(() => true),
  )
  const [gradientInputs, gradientOutputs] = map(inputs, outputs)
  return { ...problem, polynomial: backward, inputs: gradientInputs, outputs: gradientOutputs }
}
