import { InputError, type lowering } from '@equivar/core'
import { defaultDevice, setDefaultDevice, type Device } from '../array/device.ts'

/** How segmented polynomials are executed; `'auto'` is whatever serves best on the device. */
export type MethodChoice = lowering.Method | 'auto'

const methods: { readonly [M in MethodChoice]: true } = { auto: true, naive: true, uniform_1d: true, fused_tp: true, indexed_linear: true }

let method: MethodChoice = 'auto'
let checksIndices = true

/** The method of operations that name none. */
export function currentMethod(): MethodChoice {
  return method
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
  const before = method
  method = choice
  try {
    return synchronous('withMethod', f())
  } finally {
    method = before
  }
}

/**
 * Runs `f` with a device for every array that is made without naming one.
 *
 * @throws {DeviceError} if the device was not opened. @throws {InputError} if `f` returns a promise.
 * @example
 * const x = withDevice(await device('auto'), () => array([1, 2, 3]))
 */
export function withDevice<R>(name: Device, f: () => R): R {
  const before = defaultDevice()
  setDefaultDevice(name)
  try {
    return synchronous('withDevice', f())
  } finally {
    setDefaultDevice(before)
  }
}

/**
 * Runs `f` with or without a look at every index array before it is used. It is on by default; what is out of range without it may
 * read and write anything in the device's memory.
 *
 * @throws {InputError} if `f` returns a promise.
 */
export function withIndexChecks<R>(on: boolean, f: () => R): R {
  const before = checksIndices
  checksIndices = on
  try {
    return synchronous('withIndexChecks', f())
  } finally {
    checksIndices = before
  }
}

/** @throws {InputError} for an unknown method. */
export function requireMethod(what: string, choice: MethodChoice): void {
  if (!Object.hasOwn(methods, choice)) throw new InputError(`${what}: method '${choice}' is unknown; use one of ${Object.keys(methods).join(', ')}`)
}

function synchronous<R>(what: string, result: R): R {
  if (result instanceof Promise) throw new InputError(`${what}: the function returned a promise; await outside of it`)
  return result
}
