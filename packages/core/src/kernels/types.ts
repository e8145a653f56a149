import type { KernelType, ScalarType, StorageType } from './ir.ts'

export type Uniformity = KernelType['uniformity']

export const storageTypes: readonly StorageType[] = ['f32', 'f64', 'i32', 'u32']
export const scalarTypes: readonly ScalarType[] = [...storageTypes, 'bool', 'index']

export function isFloat(scalar: ScalarType): boolean {
  return scalar === 'f32' || scalar === 'f64'
}

/** Whether numbers of the type are integers; `bool` is no number. */
export function isInteger(scalar: ScalarType): boolean {
  return scalar === 'i32' || scalar === 'u32' || scalar === 'index'
}

/** Varying if one of them is. */
export function joinUniformity(types: readonly (KernelType | null)[]): Uniformity {
  return types.some((type) => type?.uniformity === 'varying') ? 'varying' : 'uniform'
}

/** Whether a value may be handed on as one of another type: the same numbers, and uniform values may be spread. */
export function isAssignable(from: KernelType, to: KernelType): boolean {
  return from.scalar === to.scalar && (from.uniformity === to.uniformity || to.uniformity === 'varying')
}

export function sameType(a: KernelType, b: KernelType): boolean {
  return a.scalar === b.scalar && a.uniformity === b.uniformity
}

/** `f32`, or `f32 varying`. */
export function typeText({ scalar, uniformity }: KernelType): string {
  return uniformity === 'varying' ? `${scalar} varying` : scalar
}
