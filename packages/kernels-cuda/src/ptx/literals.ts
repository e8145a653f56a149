import { InternalError } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'

const bytes = new DataView(new ArrayBuffer(8))

/** A number as PTX writes it: floating-point ones by their bits, so that nothing is rounded on the way. */
export function literal(scalar: kernels.ScalarType, value: number): string {
  switch (scalar) {
    case 'f32':
      bytes.setFloat32(0, value)
      return `0f${hexadecimal(bytes.getUint32(0))}`
    case 'f64':
      bytes.setFloat64(0, value)
      return `0d${hexadecimal(bytes.getUint32(0))}${hexadecimal(bytes.getUint32(4))}`
    case 'bool':
      throw new InternalError('a bool has no literal')
    default:
      return `${value}`
  }
}

function hexadecimal(word: number): string {
  return word.toString(16).toUpperCase().padStart(8, '0')
}
