/** The numbers of a tensor in a file. */
export interface NamedTensor {
  readonly dtype: TensorDtype
  readonly shape: readonly number[]
  /** Row-major and contiguous, whatever the strides in the file were. float16 and bfloat16 arrive widened to float32. */
  readonly data: Float64Array | Float32Array | Int32Array | Uint8Array
}

/** int64 arrives range-checked as int32, bool as 0/1 bytes. */
export type TensorDtype = 'float64' | 'float32' | 'int32' | 'bool'
