import { type kernels, InternalError } from '@equivar/core'

export interface EmitOptions {
  /** Use relaxed SIMD for `fma`, which then rounds once where the hardware does; see `supportsRelaxedSimd`. */
  readonly relaxedMultiplyAdd: boolean
  /** Whether the imported memory is shared between threads; then atomics on buffers are atomic. */
  readonly sharedMemory: boolean
  /** Most pages of 64 KiB that the memory may have: its declared maximum, or more. */
  readonly maxPages: number
}

/**
 * A WebAssembly module that runs the kernel. It imports memory as `env.memory` and exports `run(args, first, last)`: programs
 * `first … last − 1` by their linear number, axis 0 of the grid running fastest; `args` is the address of the argument block.
 */
export function emit(kernel: kernels.Kernel, _options: EmitOptions): Uint8Array<ArrayBuffer> {
  throw new InternalError(`no code for kernel '${kernel.name}' yet`)
}
