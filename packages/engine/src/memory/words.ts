import type { DType, TypedArray } from '../array/dtype.ts'

/** Bytes of an element in device memory; booleans are 32-bit words there, 0 or 1. */
export const wordBytes: { readonly [D in DType]: number } = { float32: 4, float64: 8, int32: 4, uint32: 4, bool: 4 }

/** Host elements in the form in which devices hold them; a copy only for booleans. */
export function toWords(data: TypedArray): ArrayBufferView {
  return data instanceof Uint8Array ? Uint32Array.from(data) : data
}

/** What a device holds as host elements: in place where possible, a copy for booleans and where bytes are not aligned. */
export function fromWords(bytes: Uint8Array, dtype: DType): TypedArray {
  const { buffer, byteOffset } = bytes.byteOffset % wordBytes[dtype] === 0 ? bytes : bytes.slice()
  const length = bytes.byteLength / wordBytes[dtype]
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, length)
    case 'float64':
      return new Float64Array(buffer, byteOffset, length)
    case 'int32':
      return new Int32Array(buffer, byteOffset, length)
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, length)
    case 'bool':
      return Uint8Array.from(new Uint32Array(buffer, byteOffset, length))
  }
}
