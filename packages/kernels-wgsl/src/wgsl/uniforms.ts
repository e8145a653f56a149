import type * as kernels from '@equivar/core/kernels'

/** Numbers given at launch, as words of one uniform buffer. */
export interface UniformLayout {
  /** Number of programs, then workgroups along the first axis of the dispatch. */
  readonly numPrograms: number
  readonly groupsX: number
  /** Extents of the grid but the last. */
  readonly grid: readonly number[]
  readonly parameters: readonly number[]
  /** First element of each buffer in its variable. */
  readonly offsets: readonly number[]
  /** Number of words, a multiple of four. */
  readonly words: number
}

export function uniformLayout({ gridRank, parameters, buffers }: kernels.Kernel): UniformLayout {
  let next = 0
  const take = () => next++
  const [numPrograms, groupsX] = [take(), take()]
  const grid = Array.from({ length: gridRank - 1 }, take)
  const numbers = parameters.map(take)
  const offsets = buffers.map(take)
  return { numPrograms, groupsX, grid, parameters: numbers, offsets, words: Math.ceil(next / 4) * 4 }
}
