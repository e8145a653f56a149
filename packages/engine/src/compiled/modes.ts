import { InputError } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import { defaultDevice, setDefaultDevice, type Device } from '../array/device.ts'

/** How segmented polynomials are executed; `'auto'` is whatever serves best on the device. */
export type MethodChoice = lowering.Method | 'auto'

const methods: { readonly [M in MethodChoice]: true } = { auto: true, naive: true, uniform_1d: true, fused_tp: true, indexed_linear: true }

let method: MethodChoice = 'auto'
let checksIndices = true

/**
 * How exactly matrices in float32 are multiplied: `'float32'` to its last digits; `'tensorfloat32'` by one product of numbers rounded to 11 bits
 * where the device has units for that, to about 1e-3 and faster.
 */
export type Precision = 'float32' | 'tensorfloat32'

const precisions: { readonly [P in Precision]: true } = { float32: true, tensorfloat32: true }

let precision: Precision = 'float32'

/** The method of operations that name none. */
export function currentMethod(): MethodChoice {
  return method
}

/** The precision of operations that are run, and of programs that name none. */
export function currentPrecision(): Precision {
  return precision
}

/** Whether index arrays are checked before kernels run. */
export function isCheckingIndices(): boolean {
  return checksIndices
}

/**
 * Runs `f` with a method for every operation that names none, and for the derivatives of what is recorded in it. `'naive'` also runs
 * all other primitives in plain TypeScript where the host sees the device's memory: the oracle of the compiled methods.
 *
 * @throws {InputError} for an unknown method, or if `f` returns a promise: the mode holds for synchronous code only.
 * @example
 * const y = withMethod('uniform_1d', () => segmentedPolynomial(polynomial, [x, w]))
 */
export function withMethod<R>(choice: MethodChoice, f: () => R): R {
  requireMethod('withMethod', choice)
  return during('withMethod', method, choice, (value) => (method = value), f)
}

/**
 * Runs `f` with a precision for products of matrices, linear layers with shared weights and their gradients, as far as they are computed in it
 * or in programs that are made in it. Sums of products are in float32 either way, and so is everything else; float64 is never lowered. A
 * device without units for TensorFloat-32 computes as always.
 *
 * @throws {InputError} for an unknown precision, or if `f` returns a promise: the mode holds for synchronous code only.
 * @example
 * const y = withPrecision('tensorfloat32', () => matmul(x, w))
 */
export function withPrecision<R>(choice: Precision, f: () => R): R {
  requirePrecision('withPrecision', choice)
  return during('withPrecision', precision, choice, (value) => (precision = value), f)
}

/**
 * Runs `f` with a device for every array that is made without naming one.
 *
 * @throws {DeviceError} if the device was not opened. @throws {InputError} if `f` returns a promise.
 * @example
 * const x = withDevice(await device('auto'), () => array([1, 2, 3]))
 */
export function withDevice<R>(name: Device, f: () => R): R {
  return during('withDevice', defaultDevice(), name, setDefaultDevice, f)
}

/**
 * Runs `f` with or without a look at every index array before it is used. It is on by default; what is out of range without it may
 * read and write anything in the device's memory.
 *
 * @throws {InputError} if `f` returns a promise.
 */
export function withIndexChecks<R>(on: boolean, f: () => R): R {
  return during('withIndexChecks', checksIndices, on, (value) => (checksIndices = value), f)
}

/** @throws {InputError} for an unknown method. */
export function requireMethod(what: string, choice: MethodChoice): void {
  if (!Object.hasOwn(methods, choice)) throw new InputError(`${what}: method '${choice}' is unknown; use one of ${Object.keys(methods).join(', ')}`)
}

/** @throws {InputError} for an unknown precision. */
export function requirePrecision(what: string, choice: Precision): void {
  if (!Object.hasOwn(precisions, choice)) throw new InputError(`${what}: precision '${choice}' is unknown; use one of ${Object.keys(precisions).join(', ')}`)
}

/** Runs `f` with another value of a mode, which has its former one again however `f` ends. */
function during<V, R>(what: string, before: V, value: V, set: (value: V) => void, f: () => R): R {
  set(value)
  try {
    const result = f()
    if (result instanceof Promise) throw new InputError(`${what}: the function returned a promise; await outside of it`)
    return result
  } finally {
    set(before)
  }
}
