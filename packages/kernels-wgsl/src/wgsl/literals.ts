import type * as kernels from '@equivar/core/kernels'

type ScalarType = kernels.ScalarType

/** How a type of the kernel language is written; an `index` has 32 bits and a sign here. */
export function typeName(scalar: ScalarType): 'f32' | 'i32' | 'u32' | 'bool' {
  return scalar === 'index' || scalar === 'f64' ? 'i32' : scalar
}

/**
 * A number as an expression. What WGSL has no literal for (NaN, infinities) is made from bits by a function of `helpers.ts`,
 * because a constant expression of that value would be refused.
 */
export function literal(scalar: ScalarType, value: number): string {
  switch (scalar) {
    case 'bool':
      return value === 0 ? 'false' : 'true'
    case 'u32':
      return `${value}u`
    case 'i32':
    case 'index':
      if (value === -(2 ** 31)) return 'i32(-2147483647 - 1)'
      return value < 0 ? `(-${-value}i)` : `${value}i`
    case 'f32':
    case 'f64':
      if (Number.isNaN(value)) return 'from_bits(0x7fc00000u)'
      if (!Number.isFinite(value)) return value > 0 ? 'from_bits(0x7f800000u)' : 'from_bits(0xff800000u)'
      return value < 0 || Object.is(value, -0) ? `(-${-value}f)` : `${value}f`
  }
}

/** What changes nothing when a reduction meets it. */
export function neutralElement(operator: kernels.ReduceOperator, scalar: ScalarType): string {
  if (operator === 'sum') return literal(scalar, 0)
  const isLowest = operator === 'max'
  if (scalar === 'f32') return literal('f32', isLowest ? -Infinity : Infinity)
  if (scalar === 'u32') return literal('u32', isLowest ? 0 : 2 ** 32 - 1)
  return literal('i32', isLowest ? -(2 ** 31) : 2 ** 31 - 1)
}
