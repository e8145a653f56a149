import { HostArray, InputError, type NestedNumbers } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { CreationOptions, Device, DType, DTypeName, Shape, TypedArray } from '@equivar/engine'
import { nameOf, requireArray } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'

/** The dtype that is stored under a name. */
type Stored<T extends DTypeName> = T extends DType ? T : 'int32'

/** Options of what makes arrays. */
export interface ArrayOptions<T extends DTypeName = DTypeName> {
  /** Default: the nesting of the data, or one axis. */
  readonly shape?: Shape
  /** Default: float32, or that of a typed array. */
  readonly dtype?: T
  /** Default: the default device. */
  readonly device?: Device
}

type Options<T extends DTypeName> = CreationOptions & { readonly dtype?: T }

/**
 * An array with a copy of the given elements, row-major: of nested lists, a typed array, or coefficients on the host.
 *
 * @throws {ShapeError} if the shape does not hold as many elements. @throws {InputError} if a dtype cannot hold an element.
 * @example
 * const x = np.array([[1, 2], [3, 4]], { dtype: 'float64' })
 */
export function array<T extends DTypeName = 'float32'>(
  data: NestedNumbers | TypedArray | BigInt64Array | HostArray,
  options: ArrayOptions<T> = {},
): DeviceArray<Stored<T>> {
  if (!(data instanceof HostArray)) return new DeviceArray(engine.array(data, options))
  return new DeviceArray(engine.array(data.data, { shape: data.shape, dtype: 'float32', ...options }))
}

/** What an argument is as an array: arrays as they are, the engine's arrays without a copy, numbers and host arrays as new ones. */
export function asarray(x: DeviceArray | engine.NDArray | HostArray | NestedNumbers, options: ArrayOptions = {}): DeviceArray {
  const { dtype } = options
  if (x instanceof DeviceArray) return dtype === undefined ? x : x.astype(dtype)
  if (x instanceof engine.NDArray) return new DeviceArray(dtype === undefined ? x.share() : engine.cast(x, dtype))
  if (typeof x === 'number' || Array.isArray(x) || x instanceof HostArray) return array(x, options)
  throw new InputError(`asarray: needs an array or numbers, got ${nameOf(x)}`)
}

/** An array of zeros. */
export function zeros<T extends DTypeName = 'float32'>(shape: Shape, options?: Options<T>): DeviceArray<Stored<T>> {
  return new DeviceArray(engine.zeros(shape, options))
}

/** An array of ones. */
export function ones<T extends DTypeName = 'float32'>(shape: Shape, options?: Options<T>): DeviceArray<Stored<T>> {
  return new DeviceArray(engine.ones(shape, options))
}

/** An array whose every element is `value`. */
export function full<T extends DTypeName = 'float32'>(shape: Shape, value: number, options?: Options<T>): DeviceArray<Stored<T>> {
  return new DeviceArray(engine.full(shape, value, options))
}

/** Zeros in shape, dtype and device of x. */
export function zerosLike<D extends DType>(x: DeviceArray<D>): DeviceArray<D> {
  return new DeviceArray(engine.zerosLike(requireArray('zerosLike', x)))
}

/** Ones in shape, dtype and device of x. */
export function onesLike<D extends DType>(x: DeviceArray<D>): DeviceArray<D> {
  return new DeviceArray(engine.onesLike(requireArray('onesLike', x)))
}

/** `[0, 1, …, n − 1]`, or from `start` in steps up to and without `stop`; int32 unless named. */
export function arange<T extends DTypeName = 'int32'>(start: number, stop?: number, step = 1, options?: Options<T>): DeviceArray<Stored<T>> {
  return new DeviceArray(stop === undefined ? engine.arange(0, start, step, options) : engine.arange(start, stop, step, options))
}

/** `count` numbers from `start` to `stop`, both included, at equal distances. @throws {InputError} unless there are at least two. */
export function linspace<T extends DTypeName = 'float32'>(start: number, stop: number, count: number, options?: Options<T>): DeviceArray<Stored<T>> {
  if (!(Number.isSafeInteger(count) && count >= 2)) throw new InputError(`linspace: ${count} numbers from ${start} to ${stop}; ask for at least two`)
  return new DeviceArray(engine.array(Float64Array.from({ length: count }, (_, i) => start + ((stop - start) * i) / (count - 1)), { dtype: 'float32', ...options }))
}

/** The identity matrix of n rows. */
export function eye<T extends DTypeName = 'float32'>(n: number, options?: Options<T>): DeviceArray<Stored<T>> {
  return new DeviceArray(engine.array(HostArray.identity(n).data, { dtype: 'float32', ...options, shape: [n, n] }))
}
