import type * as kernels from '@equivar/core/kernels'

/** How one buffer of a kernel is reached. */
export interface BufferPlace {
  /** Which variable holds it: the number of the first buffer that lies there. */
  readonly variable: number
  /** Whether elements are counted from an offset given at launch, because several buffers share the variable. */
  readonly isShifted: boolean
  /** Whether the variable may be written by something in the launch. */
  readonly isWritable: boolean
  /** Whether it begins and ends where vectors of four elements do. */
  readonly isWhole: boolean
}

/** All buffers of a kernel; which of them share a variable depends on where the memory of a launch lies. */
export type BufferPlaces = readonly BufferPlace[]

/** Each buffer in a variable of its own. */
export function separatePlaces(kernel: kernels.Kernel, isWritable: (buffer: number) => boolean): BufferPlaces {
  return kernel.buffers.map(({ access }, variable) => ({ variable, isShifted: false, isWritable: access !== 'read' || isWritable(variable), isWhole: true }))
}

/** Text that is equal for equal places. */
export function placesKey(places: BufferPlaces): string {
  return places.map(({ variable, isShifted, isWritable, isWhole }) => `${variable}${isShifted ? '+' : ''}${isWritable ? 'w' : 'r'}${isWhole ? '' : '-'}`).join()
}
