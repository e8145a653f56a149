import { DeviceError, DtypeError, InputError } from '@equivar/core'

/** Element types an array can have. */
export type DType = 'float32' | 'float64' | 'int32' | 'uint32' | 'bool'
/** Element types with derivatives. */
export type FloatDType = 'float32' | 'float64'
/** What a user may write: `'int64'` is torch's name for indices, stored as int32 after a range check. */
export type DTypeName = DType | 'int64'

/** Host representation of each dtype; booleans are bytes 0 and 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array

const storedDtypes: { readonly [name in DTypeName]: DType } = {
  float32: 'float32',
  float64: 'float64',
  int32: 'int32',
  uint32: 'uint32',
  bool: 'bool',
  int64: 'int32',
}

/** The dtype that is stored for a name. @throws {DtypeError} for an unknown name. */
export function storedDtype(name: DTypeName): DType {
  if (!Object.hasOwn(storedDtypes, name))
    throw new DtypeError(`dtype '${name}' is unknown; use one of ${Object.keys(storedDtypes).join(', ')}`)
  return storedDtypes[name]
}

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype === 'float32' || dtype === 'float64'
}

/**
 * Zero-filled host memory for `length` elements.
 *
 * @throws {DeviceError} if the host does not have it.
 */
export function allocate(dtype: 'float64', length: number): Float64Array
export function allocate(dtype: 'int32', length: number): Int32Array
export function allocate(dtype: DType, length: number): TypedArray
export function allocate(dtype: DType, length: number): TypedArray {
  try {
    return newTypedArray(dtype, length)
  } catch (cause) {
    throw new DeviceError(`cpu: an array of ${length} ${dtype} elements could not be allocated; use smaller batches, or a process with more memory`, { cause })
  }
}

function newTypedArray(dtype: DType, length: number): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length)
    case 'float64':
      return new Float64Array(length)
    case 'int32':
      return new Int32Array(length)
    case 'uint32':
      return new Uint32Array(length)
    case 'bool':
      return new Uint8Array(length)
  }
}

/** The dtype a typed array stands for when none is named. */
export function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Float64Array) return 'float64'
  if (data instanceof Int32Array) return 'int32'
  if (data instanceof Uint32Array) return 'uint32'
  return 'bool'
}

/**
 * Copies numbers into host memory of a dtype.
 *
 * @throws {InputError} if an integer dtype is asked for and a value is not an integer or does not fit (NaN included).
 */
export function encode(values: ArrayLike<number | bigint>, name: DTypeName): TypedArray {
  const dtype = storedDtype(name)
  const out = allocate(dtype, values.length)
  const range = integerRange(dtype)
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i])
    if (range && !(Number.isInteger(value) && value >= range[0] && value <= range[1]))
      throw new InputError(`array: element ${i} is ${String(values[i])}, which ${name} cannot hold; ${name} data must be integers in [${range[0]}, ${range[1]}]`)
    out[i] = value
  }
  return out
}

/** Smallest and largest value of an integer dtype. */
export function integerRange(dtype: DType): readonly [number, number] | undefined {
  switch (dtype) {
    case 'int32':
      return [-(2 ** 31), 2 ** 31 - 1]
    case 'uint32':
      return [0, 2 ** 32 - 1]
    case 'bool':
      return [0, 1]
    default:
      return undefined
  }
}
