import type * as kernels from '@equivar/core/kernels'

/** Where things lie in the block of memory that a module's `run` is pointed to, in bytes from its start; itself aligned to 16. */
export interface ArgumentLayout {
  readonly byteLength: number
  /** Extents of the grid, i32. */
  readonly gridOffsets: readonly number[]
  /** Parameters: i32 for `index`, `i32` and `u32`, otherwise floating-point numbers of the type. */
  readonly parameterOffsets: readonly number[]
  /** Byte addresses of the buffers, u32. */
  readonly bufferOffsets: readonly number[]
  /** Byte address, u32, of {@link sharedBytes} bytes for the program that runs, aligned to 16; each thread has its own. */
  readonly sharedOffset: number
}

/** The argument block of a kernel: grid, parameters, buffers, and memory of the program, in this order. */
export function argumentLayout(kernel: kernels.Kernel): ArgumentLayout {
  let end = 0
  const take = (bytes: number): number => {
    const offset = Math.ceil(end / bytes) * bytes
    end = offset + bytes
    return offset
  }
  const gridOffsets = Array.from({ length: kernel.gridRank }, () => take(4))
  const parameterOffsets = kernel.parameters.map(({ scalar }) => take(scalar === 'f64' ? 8 : 4))
  const bufferOffsets = kernel.buffers.map(() => take(4))
  const sharedOffset = take(4)
  return { byteLength: Math.ceil(end / 16) * 16, gridOffsets, parameterOffsets, bufferOffsets, sharedOffset }
}

/** Bytes between the end of a shared array and the next, so that whole vectors can be read at its end. */
const slack = 64

/** Where every shared array begins, in bytes from the address in the argument block. */
export function sharedOffsets(kernel: kernels.Kernel): readonly number[] {
  return placeShared(kernel).offsets
}

/** Bytes of scratch memory that a thread needs for the kernel's shared arrays; what may be read behind them included. */
export function sharedBytes(kernel: kernels.Kernel): number {
  return placeShared(kernel).end
}

function placeShared({ shared }: kernels.Kernel): { readonly offsets: readonly number[]; readonly end: number } {
  let end = 0
  const offsets = shared.map(({ scalar, length }) => {
    const offset = end
    end = Math.ceil((offset + length * (scalar === 'f64' ? 8 : 4) + slack) / 16) * 16
    return offset
  })
  return { offsets, end }
}
