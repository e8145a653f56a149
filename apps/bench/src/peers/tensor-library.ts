import type { RawArray } from '../cases/arrays.ts'

/** The few operations in which cases are said to libraries of dense arrays. `[a, b]` is a matrix, row-major. */
export interface TensorLibrary<T> {
  constant(data: Exclude<RawArray, BigInt64Array>, shape: readonly number[]): T
  /** `x[:, first … end − 1]` */
  columns(x: T, first: number, end: number): T
  reshape(x: T, shape: readonly number[]): T
  /** Of the last two axes. */
  readonly matmul: (a: T, b: T) => T
  /** What has extent one in b goes with all of a. */
  readonly add: (a: T, b: T) => T
  readonly sub: (a: T, b: T) => T
  readonly mul: (a: T, b: T) => T
  readonly div: (a: T, b: T) => T
  readonly sqrt: (x: T) => T
  /** `x[indices]` */
  takeRows(x: T, indices: Int32Array): T
  /** `y[indices[e]] += x[e]` from zeros with so many rows. */
  sumRows(x: T, indices: Int32Array, rows: number): T
  /** Side by side. */
  concatenate(parts: readonly T[]): T
}

/** A forward pass that a library made ready. */
export interface Runner {
  /** The library, and on what it runs. */
  readonly name: string
  /** Once, to the end. */
  run(): Promise<void>
  /** What a run computes. */
  output(): Promise<Float32Array>
  dispose(): Promise<void>
}
