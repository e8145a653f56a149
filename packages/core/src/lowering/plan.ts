import type { Kernel, StorageType } from '../kernels/index.ts'

/** How an operation is executed; the names are those of the field. */
export type Method = 'naive' | 'uniform_1d' | 'fused_tp' | 'indexed_linear'

/** What lowering must know of the hardware: a part of a device's capabilities. */
export interface Target {
  readonly lanes: 'simd' | 'gpu'
  /** Bytes of a vector register, or lanes that run in step on a GPU. */
  readonly vectorBytes: number
  readonly registers: number
  readonly maxLanes: number
  readonly maxSharedBytes: number
  /** Bytes of it up to which as many programs run at the same time as without; all, unless told. */
  readonly freeSharedBytes?: number | undefined
  readonly maxBuffers: number
  /**
   * Units that products of tiles may use beside plain arithmetic; `tf32` without `split` gives accuracy of float32 away for speed. `lanes`:
   * there are none, but products come through shared memory and lanes hold their sums.
   */
  readonly matrixUnits: readonly ('tf32' | 'split' | 'f64' | 'lanes')[]
}

/**
 * Memory that a launch uses, before it has a place. An `order` belongs to an index array with values in `0 … rows − 1`: `starts`
 * ([rows + 1], `i32`) and `entries` ([batch], `i32`), with `entries[starts[r] … starts[r + 1] − 1]` the ascending positions at which
 * the array holds r. Constants are tables made once.
 */
export type Slot =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'output'; readonly index: number }
  | { readonly kind: 'temporary'; readonly index: number }
  | { readonly kind: 'order'; readonly index: number; readonly part: 'starts' | 'entries' }
  | { readonly kind: 'constant'; readonly data: Float32Array | Float64Array | Int32Array | Uint32Array }

/** One launch of a plan. */
export interface PlannedLaunch {
  readonly kernel: Kernel
  readonly grid: readonly number[]
  readonly parameters: readonly number[]
  readonly buffers: readonly Slot[]
  /** Floating-point operations, and bytes that must at least move. */
  readonly flops: number
  readonly bytes: number
}

/**
 * What is to be run for given sizes. Making one is cheap and compiles nothing: kernels are made once, sizes are parameters.
 * Every element of every output is written.
 */
export interface Plan {
  readonly temporaries: readonly { readonly scalar: StorageType; readonly length: number }[]
  readonly launches: readonly PlannedLaunch[]
}
