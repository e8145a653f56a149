import type * as kernels from '@equivar/core/kernels'
import type { IndexBits } from './types.ts'

/** A number that a kernel is launched with. */
export interface EntryParameter {
  readonly name: string
  /** `u64` for the address of a buffer. */
  readonly type: 'u64' | 's64' | 'u32' | 's32' | 'f32' | 'f64'
  /** Where it lies in the block of parameters, in bytes. */
  readonly offset: number
}

/** What an entry takes, in this order: addresses of buffers, parameters, extents of the grid but the last, number of programs. */
export interface EntryParameters {
  readonly buffers: readonly EntryParameter[]
  readonly parameters: readonly EntryParameter[]
  readonly grid: readonly EntryParameter[]
  readonly numPrograms: EntryParameter
  readonly byteLength: number
}

export function entryParameters({ buffers, parameters, gridRank }: kernels.Kernel, indexBits: IndexBits): EntryParameters {
  let end = 0
  const place = (name: string, type: EntryParameter['type']): EntryParameter => {
    const bytes = type.endsWith('64') ? 8 : 4
    const offset = Math.ceil(end / bytes) * bytes
    end = offset + bytes
    return { name, type, offset }
  }
  const typeOf = (scalar: kernels.KernelParameter['scalar']): EntryParameter['type'] => {
    if (scalar === 'index') return indexBits === 32 ? 's32' : 's64'
    return scalar === 'i32' ? 's32' : scalar
  }
  const parts = {
    buffers: buffers.map(({ name }) => place(`buffer_${name}`, 'u64')),
    parameters: parameters.map(({ name, scalar }) => place(`parameter_${name}`, typeOf(scalar))),
    grid: Array.from({ length: gridRank - 1 }, (_, axis) => place(`grid_${axis}`, 'u32')),
    numPrograms: place('num_programs', 'u32'),
  }
  return { ...parts, byteLength: end }
}
