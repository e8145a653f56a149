import { HostArray, InputError } from '@equivar/core'
import { full, type NDArray } from '@equivar/engine'
import { beside, DeviceArray, type Operand } from './device-array.ts'

/** The engine's array behind an argument. @throws {InputError} if the argument is something else. */
export function requireArray(what: string, x: unknown): NDArray {
  if (x instanceof DeviceArray) return x.ndarray
  const isWithIrreps = typeof x === 'object' && x !== null && 'array' in x && x.array instanceof DeviceArray
  throw new InputError(`${what}: needs an array, got ${nameOf(x)}; ${isWithIrreps ? 'pass its .array' : 'make one with numpy.array()'}`)
}

/** Operands of a function of several arrays; numbers and host arrays take dtype and device of the first array. @throws {InputError} if there is none. */
export function requireOperands(what: string, operands: readonly Operand[]): NDArray[] {
  const first = operands.find((x): x is DeviceArray => x instanceof DeviceArray)
  if (!first) throw new InputError(`${what}: needs at least one array, got ${operands.map(nameOf).join(' and ')}; make one with numpy.array()`)
  const { ndarray } = first
  return operands.map((x) => {
    const operand = x instanceof HostArray || typeof x === 'number' ? beside(ndarray, x) : requireArray(what, x)
    return typeof operand === 'number' ? full([], operand, { dtype: ndarray.dtype, device: ndarray.device }) : operand
  })
}

/** {@link requireOperands} of two. */
export function requirePair(what: string, a: Operand, b: Operand): readonly [NDArray, NDArray] {
  const [x, y] = requireOperands(what, [a, b])
  if (!x || !y) throw new InputError(`${what}: needs two operands`)
  return [x, y]
}

/** What a value is, for messages. */
export function nameOf(x: unknown): string {
  if (x === null || x === undefined) return String(x)
  if (typeof x === 'number' || typeof x === 'boolean' || typeof x === 'string') return `the ${typeof x} ${x}`
  if (typeof x === 'object') return Array.isArray(x) ? `a list of ${x.length}` : `an object of class ${x.constructor.name}`
  return `a ${typeof x}`
}
