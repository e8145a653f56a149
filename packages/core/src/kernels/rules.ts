import { KernelError } from '../errors.ts'
import type { AtomicOperator, BinaryOperator, CompareOperator, KernelType, ReduceOperator, ScalarType, StorageType, UnaryOperator } from './ir.ts'
import { isFloat, isInteger, joinUniformity, typeText } from './types.ts'

/**
 * The type of every instruction's result from the types of its operands. The builder asks before it makes an instruction, the
 * verifier asks again. Each throws {@link KernelError} that names the instruction and the types that do not fit.
 */

const numbers: readonly ScalarType[] = ['f32', 'f64', 'i32', 'u32', 'index']
const floats: readonly ScalarType[] = ['f32', 'f64']
const words: readonly ScalarType[] = ['i32', 'u32']
const bits: readonly ScalarType[] = ['bool', 'i32', 'u32']

const unaryScalars: Readonly<Record<UnaryOperator, readonly ScalarType[]>> = {
  neg: ['f32', 'f64', 'i32', 'index'],
  abs: ['f32', 'f64', 'i32', 'index'],
  sqrt: floats,
  floor: floats,
  not: bits,
}

const binaryScalars: Readonly<Record<BinaryOperator, readonly ScalarType[]>> = {
  add: numbers,
  sub: numbers,
  mul: numbers,
  div: numbers,
  rem: ['i32', 'u32', 'index'],
  min: numbers,
  max: numbers,
  and: bits,
  or: bits,
  xor: bits,
  shiftLeft: words,
  shiftRight: words,
}

const compareScalars: Readonly<Record<CompareOperator, readonly ScalarType[]>> = {
  equal: [...numbers, 'bool'],
  notEqual: [...numbers, 'bool'],
  less: numbers,
  lessEqual: numbers,
}

const atomicScalars: Readonly<Record<AtomicOperator, readonly ScalarType[]>> = {
  add: ['f32', 'f64', 'i32', 'u32'],
  min: words,
  max: words,
  exchange: ['f32', 'f64', 'i32', 'u32'],
}

export const unaryOperators = Object.keys(unaryScalars) as readonly UnaryOperator[]
export const binaryOperators = Object.keys(binaryScalars) as readonly BinaryOperator[]
export const compareOperators = Object.keys(compareScalars) as readonly CompareOperator[]
export const atomicOperators = Object.keys(atomicScalars) as readonly AtomicOperator[]
export const reduceOperators: readonly ReduceOperator[] = ['sum', 'min', 'max']

function requireScalar(op: string, type: KernelType, allowed: readonly ScalarType[]): void {
  if (!allowed.includes(type.scalar)) throw new KernelError(`${op} takes ${allowed.join(', ')}, but got ${typeText(type)}`)
}

function requireSame(op: string, a: KernelType, b: KernelType): void {
  if (a.scalar !== b.scalar) throw new KernelError(`${op} takes two values of one type, but got ${typeText(a)} and ${typeText(b)}; convert one of them`)
}

/** @throws {KernelError} if a value is not an `index`, or varies where it must not. */
export function requireUniformIndex(op: string, what: string, type: KernelType): void {
  if (type.scalar !== 'index' || type.uniformity !== 'uniform') throw new KernelError(`${op}: ${what} must be a uniform index, but is ${typeText(type)}`)
}

function requireMask(op: string, mask: KernelType | null): void {
  if (mask !== null && mask.scalar !== 'bool') throw new KernelError(`${op}: the mask must be bool, but is ${typeText(mask)}`)
}

function requireIndex(op: string, index: KernelType): void {
  if (index.scalar !== 'index') throw new KernelError(`${op}: the position must be an index, but is ${typeText(index)}; convert it`)
}

function requireElement(op: string, element: StorageType, value: KernelType): void {
  if (value.scalar !== element) throw new KernelError(`${op}: the memory holds ${element}, but the value is ${typeText(value)}; convert it`)
}

export function unaryType(operator: UnaryOperator, x: KernelType): KernelType {
  requireScalar(operator, x, unaryScalars[operator])
  return x
}

export function binaryType(operator: BinaryOperator, a: KernelType, b: KernelType): KernelType {
  requireSame(operator, a, b)
  requireScalar(operator, a, binaryScalars[operator])
  return { scalar: a.scalar, uniformity: joinUniformity([a, b]) }
}

export function compareType(operator: CompareOperator, a: KernelType, b: KernelType): KernelType {
  requireSame(operator, a, b)
  requireScalar(operator, a, compareScalars[operator])
  return { scalar: 'bool', uniformity: joinUniformity([a, b]) }
}

export function selectType(condition: KernelType, a: KernelType, b: KernelType): KernelType {
  if (condition.scalar !== 'bool') throw new KernelError(`select: the condition must be bool, but is ${typeText(condition)}`)
  requireSame('select', a, b)
  return { scalar: a.scalar, uniformity: joinUniformity([condition, a, b]) }
}

export function fmaType(a: KernelType, b: KernelType, c: KernelType): KernelType {
  requireSame('fma', a, b)
  requireSame('fma', a, c)
  requireScalar('fma', a, floats)
  return { scalar: a.scalar, uniformity: joinUniformity([a, b, c]) }
}

export function convertType(x: KernelType, to: ScalarType): KernelType {
  if (x.scalar === 'bool' || to === 'bool') throw new KernelError(`convert goes between numbers, but got ${typeText(x)} to ${to}; use select or a comparison`)
  return { scalar: to, uniformity: x.uniformity }
}

export function bitcastType(x: KernelType, to: ScalarType): KernelType {
  const allowed: readonly ScalarType[] = ['f32', 'i32', 'u32']
  if (!allowed.includes(x.scalar) || !allowed.includes(to)) throw new KernelError(`bitcast goes between ${allowed.join(', ')}, but got ${typeText(x)} to ${to}`)
  return { scalar: to, uniformity: x.uniformity }
}

export function loadType(element: StorageType, index: KernelType, mask: KernelType | null): KernelType {
  requireIndex('load', index)
  requireMask('load', mask)
  return { scalar: element, uniformity: joinUniformity([index, mask]) }
}

export function loadLanesType(element: StorageType, base: KernelType, active: KernelType | null): KernelType {
  requireLanes('loadLanes', base, active)
  return { scalar: element, uniformity: 'varying' }
}

function requireLanes(op: string, base: KernelType, active: KernelType | null): void {
  requireUniformIndex(op, 'the base', base)
  if (active !== null) requireUniformIndex(op, 'the number of active lanes', active)
}

export function requireStore(element: StorageType, index: KernelType, value: KernelType, mask: KernelType | null): void {
  requireIndex('store', index)
  requireMask('store', mask)
  requireElement('store', element, value)
  if (value.uniformity === 'varying' && joinUniformity([index, mask]) === 'uniform')
    throw new KernelError(`store: all lanes would store their own ${typeText(value)} to one element, because position and mask are uniform; vary the position, mask lanes, or reduce first`)
}

export function requireStoreLanes(element: StorageType, base: KernelType, value: KernelType, active: KernelType | null): void {
  requireLanes('storeLanes', base, active)
  requireElement('storeLanes', element, value)
}

export function atomicType(operator: AtomicOperator, element: StorageType, index: KernelType, value: KernelType, mask: KernelType | null): KernelType {
  const op = `atomic ${operator}`
  requireIndex(op, index)
  requireMask(op, mask)
  requireElement(op, element, value)
  requireScalar(op, value, atomicScalars[operator])
  return { scalar: element, uniformity: joinUniformity([index, value, mask]) }
}

export function reduceType(operator: ReduceOperator, x: KernelType, active: KernelType | null): KernelType {
  const op = `reduce ${operator}`
  if (active !== null) requireUniformIndex(op, 'the number of active lanes', active)
  requireScalar(op, x, numbers)
  if (x.uniformity !== 'varying') throw new KernelError(`${op} takes a varying value, but got ${typeText(x)}`)
  return { scalar: x.scalar, uniformity: 'uniform' }
}

export function requireCondition(condition: KernelType): void {
  if (condition.scalar !== 'bool' || condition.uniformity !== 'uniform')
    throw new KernelError(`branch: the condition must be a uniform bool, but is ${typeText(condition)}; lanes that differ are told apart by select and by masks`)
}

export function branchType(then: KernelType, otherwise: KernelType): KernelType {
  requireSame('branch', then, otherwise)
  return { scalar: then.scalar, uniformity: joinUniformity([then, otherwise]) }
}

/** @throws {KernelError} if elements of the types cannot be multiplied with that precision. */
export function requireTile(elements: readonly StorageType[], precision: 'exact' | 'split' | 'tf32'): void {
  const [first = 'f32', ...others] = elements
  if (!isFloat(first) || others.some((other) => other !== first)) throw new KernelError(`tileMultiplyAdd takes three arrays of one floating-point type, but got ${elements.join(', ')}`)
  if (precision !== 'exact' && first !== 'f32') throw new KernelError(`tileMultiplyAdd: precision '${precision}' is for f32, but the arrays hold ${first}`)
}

/** @throws {KernelError} if a promise about the size of elements is made where they are no integers. */
export function requireIntegerElements(name: string, scalar: StorageType): void {
  if (!isInteger(scalar)) throw new KernelError(`buffer '${name}' holds ${scalar}; only elements of an integer type can be promised to lie below something`)
}
