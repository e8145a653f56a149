import { flattenNumbers, InputError, ShapeError, type NestedNumbers } from '@equivar/core'
import { isTracing, recordedOnly } from '../graph/tracing.ts'
import { Value } from '../graph/value.ts'
import { requireDtypeOn } from '../memory/allocate.ts'
import { Storage } from '../memory/storage.ts'
import { backendOf, defaultDevice, requireDevice, type Device } from './device.ts'
import { allocate, dtypeOf, encode, storedDtype, type DType, type DTypeName, type TypedArray } from './dtype.ts'
import { NDArray } from './ndarray.ts'
import { elementCount, formatShape, requireShape, type Shape } from './shape.ts'

/** Dtype of arrays made from plain numbers when none is named. */
export const defaultDtype: DType = 'float32'

export interface ArrayOptions {
  /** Default: the nesting of the data, or one axis for typed arrays. */
  readonly shape?: Shape
  /** Default: the dtype of a typed array, else float32. */
  readonly dtype?: DTypeName
  /** Default: the default device, `'cpu'` unless another was set. */
  readonly device?: Device
}

export interface CreationOptions {
  /** Default: float32. */
  readonly dtype?: DTypeName
  /** Default: the default device, `'cpu'` unless another was set. */
  readonly device?: Device
}

/**
 * An array with a copy of the given elements, row-major.
 *
 * @throws {ShapeError} if the shape does not hold as many elements as the data, or nested data is ragged.
 * @throws {InputError} if an integer dtype is asked for and an element is no integer of its range (NaN included).
 * @throws {DeviceError} if the device was not opened.
 */
export function array(data: NestedNumbers | TypedArray | BigInt64Array, options: ArrayOptions = {}): NDArray {
  const device = requireDevice('array', options.device)
  if (data instanceof BigInt64Array) return checked(encode(data, options.dtype ?? 'int64'), options.shape ?? [data.length], options.dtype ?? 'int64', device)
  if (ArrayBuffer.isView(data)) {
    const dtype = options.dtype ?? dtypeOf(data)
    // A typed array of the right kind is copied as it is; bytes still have to be 0 or 1 to be booleans.
    const copy = storedDtype(dtype) === dtypeOf(data) && !(data instanceof Uint8Array) ? data.slice() : encode(data, dtype)
    return checked(copy, options.shape ?? [data.length], dtype, device)
  }
  const flat: number[] = []
  const nested = flattenNumbers('array', data, flat)
  const dtype = options.dtype ?? defaultDtype
  return checked(encode(flat, dtype), options.shape ?? nested, dtype, device)
}

/** An array of zeros. */
export function zeros(shape: Shape, options: CreationOptions = {}): NDArray {
  requireShape('zeros', shape)
  const device = requireDevice('zeros', options.device)
  const dtype = storedDtype(options.dtype ?? defaultDtype)
  if (isRecordedFill(shape)) return recordedFill(0, shape, dtype, device)
  return fromHost(allocate(dtype, elementCount(shape)), shape, dtype, device)
}

/** An array of ones. */
export function ones(shape: Shape, options: CreationOptions = {}): NDArray {
  return full(shape, 1, options)
}

/** An array whose every element is `value`. */
export function full(shape: Shape, value: number, options: CreationOptions = {}): NDArray {
  requireShape('full', shape)
  const device = requireDevice('full', options.device)
  const dtype = options.dtype ?? defaultDtype
  if (isRecordedFill(shape)) return recordedFill(value, shape, dtype, device)
  const data = allocate(storedDtype(dtype), elementCount(shape))
  data.fill(encode([value], dtype)[0] ?? 0)
  return fromHost(data, shape, storedDtype(dtype), device)
}

/** An array of no axes. */
export function scalar(value: number, options: CreationOptions = {}): NDArray {
  return full([], value, options)
}

/** `[start, start + step, …]` up to and without `stop`; int32 unless named. */
export function arange(start: number, stop: number, step = 1, options: CreationOptions = {}): NDArray {
  if (!(Number.isFinite(start) && Number.isFinite(stop) && Number.isFinite(step) && step !== 0))
    throw new InputError(`arange: start ${start}, stop ${stop} and step ${step} must be finite and the step non-zero`)
  const length = Math.max(0, Math.ceil((stop - start) / step))
  const dtype = options.dtype ?? 'int32'
  const device = requireDevice('arange', options.device)
  return fromHost(encode(Array.from({ length }, (_, i) => start + i * step), dtype), [length], storedDtype(dtype), device)
}

/** Shape, dtype and device of x. */
export function zerosLike(x: { readonly shape: Shape; readonly dtype: DType; readonly device?: Device }): NDArray {
  return zeros(x.shape, x)
}

/** Shape, dtype and device of x. */
export function onesLike(x: { readonly shape: Shape; readonly dtype: DType; readonly device?: Device }): NDArray {
  return ones(x.shape, x)
}

/** An array of known shape, dtype and device without elements: operations on it are recorded, not executed. */
export function abstractArray(shape: Shape, dtype: DType, device?: Device): NDArray {
  requireShape('abstractArray', shape)
  const spec = { shape: Object.freeze([...shape]), dtype: storedDtype(dtype), device: requireDevice('abstractArray', device) }
  return new NDArray(new Value(spec, undefined, undefined, false))
}

/** A handle on host memory that nobody else writes to. @throws {DeviceError} if the device does not have the dtype. */
export function fromHost(data: TypedArray, shape: Shape, dtype: DType, device: Device = defaultDevice()): NDArray {
  const backend = dtype === 'float64' ? backendOf(device) : undefined
  if (backend) requireDtypeOn(backend, dtype)
  return new NDArray(new Value({ shape: Object.freeze([...shape]), dtype, device }, Storage.ofHost(data, device), undefined, false))
}

/** Size is what a traced program may be run with other values of, so nothing of that size is filled while it is traced. */
function isRecordedFill(shape: Shape): boolean {
  return isTracing() && elementCount(shape) !== 1
}

function recordedFill(value: number, shape: Shape, dtype: DTypeName, device: Device): NDArray {
  const single = fromHost(encode([value], dtype), [], storedDtype(dtype), device)
  const own = Object.freeze([...shape])
  return new NDArray(recordedOnly('broadcastTo', [single.value], { shape: own }, { shape: own, dtype: single.dtype, device }, false))
}

function checked(data: TypedArray, shape: Shape, dtype: DTypeName, device: Device): NDArray {
  requireShape('array', shape)
  if (elementCount(shape) !== data.length)
    throw new ShapeError(`array: shape ${formatShape(shape)} holds ${elementCount(shape)} elements, the data ${data.length}; pass a matching shape`)
  return fromHost(data, shape, storedDtype(dtype), device)
}
