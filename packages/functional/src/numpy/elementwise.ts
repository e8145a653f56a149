import * as engine from '@equivar/engine'
import type { DType, DTypeName, NDArray } from '@equivar/engine'
import { requireArray, requireOperands, requirePair } from '../array/arguments.ts'
import { DeviceArray, type Operand } from '../array/device-array.ts'

type Unary = <D extends DType>(x: DeviceArray<D>) => DeviceArray<D>

const unary =
  (name: string, f: (x: NDArray) => NDArray): Unary =>
  (x) =>
    new DeviceArray(f(requireArray(name, x)))

/** The dtype of a result of two operands: that of the first array. */
type Joined<A extends Operand, B extends Operand> = A extends DeviceArray<infer D> ? D : B extends DeviceArray<infer D> ? D : DType
type Binary = <A extends Operand, B extends Operand>(a: A, b: B) => DeviceArray<Joined<A, B>>

const binary =
  (name: string, f: (a: NDArray, b: NDArray) => NDArray): Binary =>
  (a, b) =>
    new DeviceArray(f(...requirePair(name, a, b)))

const comparison =
  (name: string, f: (a: NDArray, b: NDArray) => NDArray) =>
  (a: Operand, b: Operand): DeviceArray<'bool'> =>
    new DeviceArray(f(...requirePair(name, a, b)))

/** `y = −x` */
export const negative: Unary = /* @__PURE__ */ unary('negative', engine.neg)
/** `y = √x` */
export const sqrt: Unary = /* @__PURE__ */ unary('sqrt', engine.sqrt)
/** `y = eˣ` */
export const exp: Unary = /* @__PURE__ */ unary('exp', engine.exp)
/** `y = eˣ − 1`, accurate near 0. */
export const expm1: Unary = /* @__PURE__ */ unary('expm1', engine.expm1)
/** `y = ln x` */
export const log: Unary = /* @__PURE__ */ unary('log', engine.log)
/** `y = ln(1 + x)`, accurate near 0. */
export const log1p: Unary = /* @__PURE__ */ unary('log1p', engine.log1p)
/** `y = sin x`, x in radians. */
export const sin: Unary = /* @__PURE__ */ unary('sin', engine.sin)
/** `y = cos x`, x in radians. */
export const cos: Unary = /* @__PURE__ */ unary('cos', engine.cos)
/** `y = tanh x` */
export const tanh: Unary = /* @__PURE__ */ unary('tanh', engine.tanh)
/** `y = |x|`; the derivative at 0 is taken as 0. */
export const abs: Unary = /* @__PURE__ */ unary('abs', engine.abs)
/** `y = x / |x|`, 0 at 0; locally constant. */
export const sign: Unary = /* @__PURE__ */ unary('sign', engine.sign)
/** Largest integer not above x; locally constant. */
export const floor: Unary = /* @__PURE__ */ unary('floor', engine.floor)
/** `y = 1 / x` */
export const reciprocal: Unary = /* @__PURE__ */ unary('reciprocal', engine.reciprocal)
/** `y = x²` */
export const square: Unary = /* @__PURE__ */ unary('square', engine.square)
/** `y = not x`, bool. */
export const logicalNot: Unary = /* @__PURE__ */ unary('logicalNot', engine.logicalNot)

/** `y = a + b`, numpy broadcasting, as all functions of two operands here. Numbers and host arrays take the dtype of the other side. */
export const add: Binary = /* @__PURE__ */ binary('add', engine.add)
/** `y = a − b` */
export const subtract: Binary = /* @__PURE__ */ binary('subtract', engine.sub)
/** `y = a · b` */
export const multiply: Binary = /* @__PURE__ */ binary('multiply', engine.mul)
/** `y = a / b`, float dtypes. */
export const divide: Binary = /* @__PURE__ */ binary('divide', engine.div)
/** `y = aᵇ` */
export const power: Binary = /* @__PURE__ */ binary('power', engine.pow)
/** `y = max(a, b)`; where both are equal each side gets half of the derivative. */
export const maximum: Binary = /* @__PURE__ */ binary('maximum', engine.maximum)
/** `y = min(a, b)`; where both are equal each side gets half of the derivative. */
export const minimum: Binary = /* @__PURE__ */ binary('minimum', engine.minimum)

/** `y = a < b`, bool. */
export const less: (a: Operand, b: Operand) => DeviceArray<'bool'> = /* @__PURE__ */ comparison('less', engine.less)
/** `y = a ≤ b`, bool. */
export const lessEqual: (a: Operand, b: Operand) => DeviceArray<'bool'> = /* @__PURE__ */ comparison('lessEqual', engine.lessEqual)
/** `y = a > b`, bool. */
export const greater: (a: Operand, b: Operand) => DeviceArray<'bool'> = /* @__PURE__ */ comparison('greater', engine.greater)
/** `y = a ≥ b`, bool. */
export const greaterEqual: (a: Operand, b: Operand) => DeviceArray<'bool'> = /* @__PURE__ */ comparison('greaterEqual', engine.greaterEqual)
/** `y = a equals b`, bool. */
export const equal: (a: Operand, b: Operand) => DeviceArray<'bool'> = /* @__PURE__ */ comparison('equal', engine.equal)
/** `y = a differs from b`, bool. */
export const notEqual: (a: Operand, b: Operand) => DeviceArray<'bool'> = /* @__PURE__ */ comparison('notEqual', engine.notEqual)
/** `y = a and b`, bool. */
export const logicalAnd: (a: Operand, b: Operand) => DeviceArray<'bool'> = /* @__PURE__ */ comparison('logicalAnd', engine.logicalAnd)
/** `y = a or b`, bool. */
export const logicalOr: (a: Operand, b: Operand) => DeviceArray<'bool'> = /* @__PURE__ */ comparison('logicalOr', engine.logicalOr)

/** `y = condition ? a : b` element by element; all three broadcast. Of the side that is not taken no derivative flows. */
export function where<A extends Operand, B extends Operand>(condition: DeviceArray, a: A, b: B): DeviceArray<Joined<A, B>> {
  return new DeviceArray(engine.where(requireArray('where: condition', condition), ...requirePair('where', a, b)))
}

/** `y = min(max(x, low), high)` */
export function clip<D extends DType>(x: DeviceArray<D>, low: Operand, high: Operand): DeviceArray<D> {
  const [array = requireArray('clip', x), lower = array, upper = array] = requireOperands('clip', [x, low, high])
  return new DeviceArray(engine.minimum(engine.maximum(array, lower), upper))
}

/** The elements in another dtype; floats are truncated towards 0 to integers. */
export function astype<T extends DTypeName>(x: DeviceArray, dtype: T): DeviceArray<T extends DType ? T : 'int32'> {
  return new DeviceArray(engine.cast(requireArray('astype', x), dtype))
}
