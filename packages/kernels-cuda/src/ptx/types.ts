import type * as kernels from '@equivar/core/kernels'

/** Kinds of registers: predicates, 32 and 64 bits, and floating point of both widths; the letter begins their names. */
export type RegisterClass = 'p' | 'r' | 'q' | 'f' | 'd'

/** Bits of an `index`: 32 where nothing of a launch reaches further, 64 otherwise. */
export type IndexBits = 32 | 64

export const registerTypes: { readonly [C in RegisterClass]: string } = { p: '.pred', r: '.b32', q: '.b64', f: '.f32', d: '.f64' }

export function classOf(scalar: kernels.ScalarType, indexBits: IndexBits): RegisterClass {
  switch (scalar) {
    case 'f32':
      return 'f'
    case 'f64':
      return 'd'
    case 'bool':
      return 'p'
    case 'index':
      return indexBits === 32 ? 'r' : 'q'
    default:
      return 'r'
  }
}

/** The type of arithmetic, as suffix of an instruction. */
export function suffixOf(scalar: kernels.ScalarType, indexBits: IndexBits): string {
  switch (scalar) {
    case 'bool':
      return 'pred'
    case 'i32':
      return 's32'
    case 'index':
      return indexBits === 32 ? 's32' : 's64'
    default:
      return scalar
  }
}

/** Bits without a meaning, as suffix of an instruction. */
export function bitsOf(scalar: kernels.ScalarType, indexBits: IndexBits): string {
  if (scalar === 'bool') return 'pred'
  return scalar === 'f64' || (scalar === 'index' && indexBits === 64) ? 'b64' : 'b32'
}

export const elementBytes: { readonly [S in kernels.StorageType]: number } = { f32: 4, f64: 8, i32: 4, u32: 4 }
