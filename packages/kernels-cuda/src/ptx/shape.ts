import type * as kernels from '@equivar/core/kernels'
import { elementBytes } from './types.ts'

/** How programs become threads. */
export interface BlockShape {
  /** Threads of a program: a power of two up to a warp, whole warps beyond. */
  readonly threads: number
  /** Programs of a block; more than one only where a program is a warp or a part of one. */
  readonly programs: number
  /** Bytes of a program's shared arrays, and where each begins. */
  readonly sharedBytes: number
  readonly sharedOffsets: readonly number[]
}

export const warpSize = 32
/** Small programs share blocks of this many threads, so that multiprocessors are full. */
const threadsPerBlock = 128
/** Shared memory that programs of one block have together at most. */
const mostSharedBytes = 49_152

export function blockShape({ lanes, shared }: kernels.Kernel): BlockShape {
  let end = 0
  const sharedOffsets = shared.map(({ scalar, length }) => {
    const start = end
    end = roundUp(start + length * elementBytes[scalar], 16)
    return start
  })
  const threads = lanes <= warpSize ? 2 ** Math.ceil(Math.log2(lanes)) : roundUp(lanes, warpSize)
  const fitting = end === 0 ? threadsPerBlock : Math.floor(mostSharedBytes / end)
  const programs = threads > warpSize ? 1 : Math.max(1, Math.min(threadsPerBlock / threads, fitting))
  return { threads, programs, sharedBytes: end, sharedOffsets }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
