import { type Scalar, typeOf } from './spread.ts'

/** The instruction that reads one element. */
export function loadName(scalar: Scalar): 'f32_load' | 'f64_load' | 'i32_load' {
  const type = typeOf(scalar)
  return type === 'f32' || type === 'f64' ? `${type}_load` : 'i32_load'
}

/** The instruction that writes one element. */
export function storeName(scalar: Scalar): 'f32_store' | 'f64_store' | 'i32_store' {
  const type = typeOf(scalar)
  return type === 'f32' || type === 'f64' ? `${type}_store` : 'i32_store'
}
