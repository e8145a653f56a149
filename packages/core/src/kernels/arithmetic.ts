import { KernelError } from '../errors.ts'
import type { BinaryOperator, CompareOperator, ReduceOperator, ScalarType, UnaryOperator } from './ir.ts'
import { isFloat } from './types.ts'

/**
 * The numbers of every type as JavaScript numbers, and what the operators do with them: `bool` is 0 or 1, `f32` and the integers
 * are held exactly. The interpreter and constant folding share it.
 */

type Unary = (x: number) => number
type Binary = (a: number, b: number) => number

const asI32: Unary = (x) => x | 0
const asU32: Unary = (x) => x >>> 0

/** The number as one of the type, for results of exact arithmetic: rounded, wrapped, or refused. */
function fit(scalar: ScalarType): Unary {
  switch (scalar) {
    case 'f32':
      return Math.fround
    case 'f64':
      return (x) => x
    case 'i32':
      return asI32
    case 'u32':
      return asU32
    case 'bool':
      return (x) => x & 1
    case 'index':
      return requireSafe
  }
}

function requireSafe(x: number): number {
  if (!Number.isSafeInteger(x)) throw new KernelError(`an index value became ${x}; it must stay within ±(2^53 − 1)`)
  // There is one zero.
  return x + 0
}

/** Whether a number is one of the type, so that it can be a constant. */
export function isExact(scalar: ScalarType, value: number): boolean {
  switch (scalar) {
    case 'f32':
      return Object.is(Math.fround(value), value)
    case 'f64':
      return true
    case 'i32':
      return Object.is(asI32(value), value)
    case 'u32':
      return Object.is(asU32(value), value)
    case 'bool':
      return Object.is(value, 0) || value === 1
    case 'index':
      return Number.isSafeInteger(value) && !Object.is(value, -0)
  }
}

/** The operator on numbers of the type; operator and type must fit. */
export function unaryFunction(operator: UnaryOperator, scalar: ScalarType): Unary {
  const round = fit(scalar)
  switch (operator) {
    case 'neg':
      return scalar === 'f32' || scalar === 'f64' ? (x) => -x : (x) => round(0 - x)
    case 'abs':
      return (x) => round(Math.abs(x))
    case 'sqrt':
      return (x) => round(Math.sqrt(x))
    case 'floor':
      return Math.floor
    case 'not':
      return (x) => round(~x)
  }
}

/** The operator on numbers of the type; operator and type must fit. Division of integers by zero gives 0. */
export function binaryFunction(operator: BinaryOperator, scalar: ScalarType): Binary {
  const round = fit(scalar)
  switch (operator) {
    case 'add':
      return (a, b) => round(a + b)
    case 'sub':
      return (a, b) => round(a - b)
    case 'mul':
      return scalar === 'i32' || scalar === 'u32' ? (a, b) => round(Math.imul(a, b)) : (a, b) => round(a * b)
    case 'div':
      return isFloat(scalar) ? (a, b) => round(a / b) : (a, b) => (b === 0 ? 0 : round(Math.trunc(a / b)))
    case 'rem':
      return (a, b) => (b === 0 ? 0 : round(a % b))
    case 'min':
      return Math.min
    case 'max':
      return Math.max
    case 'and':
      return (a, b) => round(a & b)
    case 'or':
      return (a, b) => round(a | b)
    case 'xor':
      return (a, b) => round(a ^ b)
    case 'shiftLeft':
      return (a, b) => round(a << b)
    case 'shiftRight':
      return scalar === 'i32' ? (a, b) => a >> b : (a, b) => a >>> b
  }
}

/** 0 or 1. */
export function compareFunction(operator: CompareOperator): Binary {
  switch (operator) {
    case 'equal':
      return (a, b) => (a === b ? 1 : 0)
    case 'notEqual':
      return (a, b) => (a !== b ? 1 : 0)
    case 'less':
      return (a, b) => (a < b ? 1 : 0)
    case 'lessEqual':
      return (a, b) => (a <= b ? 1 : 0)
  }
}

/** `a · b + c`, rounded after the product and after the sum. */
export function fmaFunction(scalar: ScalarType): (a: number, b: number, c: number) => number {
  const mul = binaryFunction('mul', scalar)
  const add = binaryFunction('add', scalar)
  return (a, b, c) => add(mul(a, b), c)
}

/** `a · b + c`, rounded once: what hardware with a fused instruction gives. */
export function fusedFunction(scalar: ScalarType): (a: number, b: number, c: number) => number {
  if (scalar === 'f32') return (a, b, c) => Math.fround(a * b + c)
  if (scalar !== 'f64') return fmaFunction(scalar)
  return (a, b, c) => {
    const product = a * b
    const productError = errorOfProduct(a, b, product)
    const sum = product + c
    if (!Number.isFinite(sum) || !Number.isFinite(productError)) return sum
    const shadow = sum - product
    return sum + (product - (sum - shadow) + (c - shadow) + productError)
  }
}

/** What rounding took from a product (Dekker 1971). */
function errorOfProduct(a: number, b: number, product: number): number {
  const [aHigh, aLow] = halves(a)
  const [bHigh, bLow] = halves(b)
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow
}

function halves(x: number): readonly [number, number] {
  const scaled = x * (2 ** 27 + 1)
  const high = scaled - (scaled - x)
  return [high, x - high]
}

const [lowestI32, highestI32, highestU32] = [-(2 ** 31), 2 ** 31 - 1, 2 ** 32 - 1]

/** The nearest number of another type, see the instruction `convert`. */
export function convertFunction(from: ScalarType, to: ScalarType): Unary {
  if (!isFloat(from)) return fit(to)
  switch (to) {
    case 'i32':
      return (x) => clamp(x, lowestI32, highestI32)
    case 'u32':
      return (x) => clamp(x, 0, highestU32)
    case 'index':
      return (x) => clamp(x, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    default:
      return fit(to)
  }
}

function clamp(x: number, lowest: number, highest: number): number {
  return Number.isNaN(x) ? 0 : Math.min(highest, Math.max(lowest, Math.trunc(x))) + 0
}

/** The same 32 bits as another 32-bit type. */
export function bitcastFunction(from: ScalarType, to: ScalarType): Unary {
  const bytes = new DataView(new ArrayBuffer(4))
  const write = from === 'f32' ? (x: number) => bytes.setFloat32(0, x) : (x: number) => bytes.setUint32(0, x)
  const read = to === 'f32' ? () => bytes.getFloat32(0) : to === 'i32' ? () => bytes.getInt32(0) : () => bytes.getUint32(0)
  return (x) => {
    write(x)
    return read()
  }
}

/** What changes nothing when a reduction meets it. */
export function neutralElement(operator: ReduceOperator, scalar: ScalarType): number {
  if (operator === 'sum') return 0
  const [lowest, highest] =
    scalar === 'i32' ? [lowestI32, highestI32] : scalar === 'u32' ? [0, highestU32] : scalar === 'index' ? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] : [-Infinity, Infinity]
  return operator === 'min' ? highest : lowest
}
