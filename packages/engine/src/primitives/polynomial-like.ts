/** PLACEHOLDER for core's SegmentedPolynomial. */
export interface OperandLike {
  readonly size: number
  readonly segments: readonly (readonly number[])[]
}
export interface ProductLike {
  readonly subscripts: { toString(): string }
  readonly operands: readonly OperandLike[]
  readonly paths: readonly { readonly indices: readonly number[]; readonly coefficients: { readonly shape: readonly number[]; readonly data: Float64Array } }[]
}
export interface PolynomialLike {
  readonly inputs: readonly OperandLike[]
  readonly outputs: readonly OperandLike[]
  readonly numInputs: number
  readonly operations: readonly (readonly [{ readonly buffers: readonly number[] }, ProductLike])[]
  jvp(hasTangent: readonly boolean[]): readonly [PolynomialLike, unknown]
  transpose(isUndefinedPrimal: readonly boolean[], hasCotangent: readonly boolean[]): readonly [PolynomialLike, unknown]
}
