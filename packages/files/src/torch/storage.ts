import { FormatError } from '@equivar/core'
import type { StorageType, TensorRecord } from '../pickle/values.ts'
import type { NamedTensor, TensorDtype } from '../tensors.ts'

/** Storage classes of torch, under the names that pickles give them. */
export const storageTypes: ReadonlyMap<string, StorageType> = new Map([
  ['torch.DoubleStorage', 'float64'],
  ['torch.FloatStorage', 'float32'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
])

export const itemSizes: { readonly [type in StorageType]: number } = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
}

const dtypes: { readonly [type in StorageType]: TensorDtype } = {
  float64: 'float64',
  float32: 'float32',
  float16: 'float32',
  bfloat16: 'float32',
  int64: 'int32',
  int32: 'int32',
  int16: 'int32',
  int8: 'int32',
  uint8: 'int32',
  bool: 'bool',
}

/** The dtype in which a storage arrives: small floats are widened, integers become int32. */
export function dtypeOf(type: StorageType): TensorDtype {
  return dtypes[type]
}

/**
 * Little-endian numbers as a typed array of {@link dtypeOf}; a copy, aligned and of its own.
 *
 * @throws {FormatError} for an integer beyond 32 bits and for a bool that is neither 0 nor 1.
 */
export function decodeNumbers(bytes: Uint8Array, type: StorageType, what: string): NamedTensor['data'] {
  // Not `slice`, which on a Buffer of Node gives another view.
  const copy = new Uint8Array(bytes).buffer
  switch (type) {
    case 'float64':
      return new Float64Array(copy)
    case 'float32':
      return new Float32Array(copy)
    case 'float16':
      return Float32Array.from(new Uint16Array(copy), widenHalf)
    case 'bfloat16':
      return new Float32Array(Uint32Array.from(new Uint16Array(copy), (bits) => bits << 16).buffer)
    case 'int64':
      return narrowIntegers(new BigInt64Array(copy), what)
    case 'int32':
      return new Int32Array(copy)
    case 'int16':
      return Int32Array.from(new Int16Array(copy))
    case 'int8':
      return Int32Array.from(new Int8Array(copy))
    case 'uint8':
      return Int32Array.from(new Uint8Array(copy))
    case 'bool': {
      const values = new Uint8Array(copy)
      const wrong = values.find((value) => value > 1)
      if (wrong !== undefined) throw new FormatError(`${what}: ${wrong} is not a bool; the file is damaged`)
      return values
    }
  }
}

function narrowIntegers(values: BigInt64Array, what: string): Int32Array {
  const narrowed = new Int32Array(values.length)
  for (const [k, value] of values.entries()) {
    const number = Number(value)
    if (number < -(2 ** 31) || number >= 2 ** 31) throw new FormatError(`${what}: integer ${value.toString()} does not fit into 32 bits`)
    narrowed[k] = number
  }
  return narrowed
}

/** IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction. */
function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** The elements of a strided view in row-major order; the storage itself when the view is all of it, in order. */
export function gather(tensor: TensorRecord, storage: NamedTensor['data']): NamedTensor['data'] {
  const { offset, size } = tensor
  if (isContiguous(tensor)) return offset === 0 && size === storage.length ? storage : storage.slice(offset, offset + size)
  const result = emptyLike(storage, size)
  const { shape, strides } = tensor
  const index = new Array<number>(shape.length).fill(0)
  let position = offset
  for (let k = 0; k < size; k++) {
    result[k] = storage[position] ?? NaN
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [extent = 1, stride = 0, i = 0] = [shape[axis], strides[axis], index[axis]]
      if (i + 1 < extent) {
        index[axis] = i + 1
        position += stride
        break
      }
      index[axis] = 0
      position -= i * stride
    }
  }
  return result
}

function isContiguous({ shape, strides }: TensorRecord): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] ?? 1
    if (extent !== 1 && strides[axis] !== expected) return false
    expected *= extent
  }
  return true
}

function emptyLike(data: NamedTensor['data'], size: number): NamedTensor['data'] {
  if (data instanceof Float64Array) return new Float64Array(size)
  if (data instanceof Float32Array) return new Float32Array(size)
  if (data instanceof Int32Array) return new Int32Array(size)
  return new Uint8Array(size)
}
