import type { Kernel, StorageType } from '../../kernels/index.ts'
import { type Elements, elementsOf } from '../guarded.ts'
import type { Random } from '../random.ts'

/** A kernel and what it is launched with. */
export interface KernelProblem {
  readonly kernel: Kernel
  readonly grid: readonly number[]
  /** By name. */
  readonly parameters?: Readonly<Record<string, number>>
  readonly buffers: Readonly<Record<string, Elements>>
  /**
   * How far results may be from the interpreter's, where they are neither those with `fma` rounding once nor twice: nothing by
   * default; relative to each element; or to the largest.
   */
  readonly tolerance?: { readonly ofEach: number } | { readonly ofLargest: number }
}

/** By name, `family/variant`. */
export type Problems = Readonly<Record<string, (random: Random) => KernelProblem>>

/** Lanes that vector registers divide, and that they do not. */
export const laneCounts = [1, 2, 3, 4, 5, 8, 13, 16, 32, 33, 64] as const

/** Numbers of a type in which something can go wrong, none of which is unspecified anywhere. */
const special: { readonly [S in StorageType]: readonly number[] } = {
  f32: [0, 1, -1, 0.1, -2.5, 3e38, -3e38, 1.5e-38, Infinity, -Infinity, 16777217, 1e-20],
  f64: [0, 1, -1, 0.1, -2.5, 1.7e308, -1.7e308, 3e-308, Infinity, -Infinity, 2 ** 53, 1e-200],
  i32: [0, 1, -1, 2147483647, -2147483648, 65536, -65537, 12345],
  u32: [0, 1, 2147483647, 2147483648, 4294967295, 65536, 65537, 12345],
}

/** Plain numbers and special ones, in an order of their own. */
export function valuesOf(scalar: StorageType, length: number, random: Random): Elements {
  const plain = () => {
    if (scalar === 'f32' || scalar === 'f64') return 10 * random.number()
    return scalar === 'i32' ? random.word() | 0 : random.word()
  }
  return elementsOf(
    scalar,
    Array.from({ length }, () => (random.integer(3) === 0 ? (random.pick(special[scalar]) ?? 0) : plain())),
  )
}

/** Numbers between −1 and 1. */
export function unitValues(scalar: 'f32' | 'f64', length: number, random: Random): Elements {
  return elementsOf(
    scalar,
    Array.from({ length }, () => random.number()),
  )
}
