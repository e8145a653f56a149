import type { FloatScalar } from './request.ts'

/** Bytes of an element. */
export function widthOf(scalar: FloatScalar): number {
  return scalar === 'f32' ? 4 : 8
}
