/**
 * One segmented tensor product as flat tables, ready to be walked for every row of a batch.
 *
 * All modes but two are unrolled into items `(coefficient, offset in every operand)`. The two that stay loops are the
 * *vector* mode, the innermost, and the *matrix* mode around it; their strides belong to the path.
 */
export interface Program {
  /** Operands of the product; `output` is the position of the one that is written. */
  readonly numOperands: number
  readonly output: number
  readonly blocks: readonly Block[]
}

/** All items of one path: `out[o + m·so + v·do] += c · Π_k x_k[a_k + m·s_k + v·d_k]` for m < numMatrix, v < numVector. */
export interface Block {
  readonly numMatrix: number
  readonly numVector: number
  /** By operand position; 0 where the operand does not have the mode. */
  readonly matrixStrides: Int32Array
  readonly vectorStrides: Int32Array
  /** Input positions that vary along the vector mode, and those that do not. */
  readonly vectors: readonly number[]
  readonly scalars: readonly number[]
  readonly coefficients: Float64Array
  /** `offsets[item · numOperands + k]` */
  readonly offsets: Int32Array
}

/** What lowering reads of a segmented tensor product. */
export interface ProductDescription {
  /** Letters of every operand, and of the coefficients. */
  readonly operandModes: readonly (readonly string[])[]
  readonly coefficientModes: readonly string[]
  /** Extents of every segment of every operand. */
  readonly segments: readonly (readonly (readonly number[])[])[]
  readonly paths: readonly { readonly indices: readonly number[]; readonly coefficients: { readonly shape: readonly number[]; readonly data: Float64Array } }[]
}
