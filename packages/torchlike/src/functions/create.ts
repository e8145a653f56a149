import { InputError, type NestedNumbers } from '@equivar/core'
import * as engine from '@equivar/engine'
import { defaultDevice, type CreationOptions, type Shape, type TypedArray } from '@equivar/engine'
import { defaultDtype } from '../autograd/defaults.ts'
import { Tensor, type TensorOptions } from '../tensor/tensor.ts'

export interface MakeOptions extends CreationOptions, TensorOptions {}

export interface TensorFromOptions extends MakeOptions {
  /** Default: the nesting of the data, or one axis for typed arrays. */
  readonly shape?: Shape
}

/**
 * A tensor with a copy of the elements, row-major: nested lists, a number, or a typed array. The dtype is the default dtype unless given, or
 * that of a typed array.
 *
 * @throws {ShapeError} if the shape does not hold as many elements, or nested lists are ragged. @throws {InputError} if an integer dtype is
 * asked for and an element is no integer of its range. @throws {DeviceError} if the device was not opened.
 */
export function tensor(data: NestedNumbers | TypedArray | BigInt64Array, options: TensorFromOptions = {}): Tensor {
  const { requiresGrad = false, ...rest } = options
  const dtype = ArrayBuffer.isView(data) ? {} : { dtype: defaultDtype() }
  return new Tensor(engine.array(data, { ...dtype, ...rest }), { requiresGrad })
}

/** A tensor that takes over an array of the engine. */
export function fromArray(array: engine.NDArray, options: TensorOptions = {}): Tensor {
  return new Tensor(array, options)
}

export function zeros(shape: Shape, options: MakeOptions = {}): Tensor {
  return full(shape, 0, options)
}

export function ones(shape: Shape, options: MakeOptions = {}): Tensor {
  return full(shape, 1, options)
}

/** A tensor whose every element is `value`. */
export function full(shape: Shape, value: number, options: MakeOptions = {}): Tensor {
  const { requiresGrad = false, ...rest } = options
  return new Tensor(engine.full(shape, value, { dtype: defaultDtype(), ...rest }), { requiresGrad })
}

/** Shape, dtype and device of x. */
export function zerosLike(x: Tensor, options: MakeOptions = {}): Tensor {
  return zeros(x.shape, { dtype: x.dtype, device: x.device, ...options })
}

/** Shape, dtype and device of x. */
export function onesLike(x: Tensor, options: MakeOptions = {}): Tensor {
  return ones(x.shape, { dtype: x.dtype, device: x.device, ...options })
}

/** `[0, 1, …, stop − 1]`, or `[start, start + step, …]` up to and without `stop`; int32 unless a dtype is named. */
export function arange(stop: number, options?: MakeOptions): Tensor
export function arange(start: number, stop: number, options?: MakeOptions): Tensor
export function arange(start: number, stop: number, step: number, options?: MakeOptions): Tensor
export function arange(...args: readonly (number | MakeOptions | undefined)[]): Tensor {
  const numbers = args.filter((arg) => typeof arg === 'number')
  const { requiresGrad = false, ...rest } = args.find((arg) => typeof arg === 'object') ?? {}
  const [start = 0, stop, step = 1] = numbers
  const [from, to] = stop === undefined ? [0, start] : [start, stop]
  return new Tensor(engine.arange(from, to, step, rest), { requiresGrad })
}

/** n numbers from `start` to `end`, both included, at equal distances. @throws {InputError} unless n is a positive integer. */
export function linspace(start: number, end: number, n: number, options: MakeOptions = {}): Tensor {
  if (!(Number.isSafeInteger(n) && n > 0)) throw new InputError(`linspace: the number of elements is ${n}; it must be a positive integer`)
  const values = Float64Array.from({ length: n }, (_, i) => (n === 1 ? start : start + ((end - start) * i) / (n - 1)))
  return tensor(values, { dtype: defaultDtype(), ...options })
}

/** The unit matrix of n rows. */
export function eye(n: number, options: MakeOptions = {}): Tensor {
  const { dtype = defaultDtype(), requiresGrad = false, device = defaultDevice() } = options
  return new Tensor(engine.scope(() => engine.oneHot(engine.arange(0, n, 1, { device }), n, dtype)), { requiresGrad })
}
