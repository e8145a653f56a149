import { storedDtype, type DTypeName } from '../array/dtype.ts'
import type { NDArray } from '../array/ndarray.ts'
import { apply } from '../graph/apply.ts'
import type { BinaryName, UnaryName } from '../primitives/names.ts'
import { operandPair, type Operand } from './operands.ts'

function unary(name: UnaryName, x: NDArray): NDArray {
  return apply(name, [x], {})[0]
}

function binary(name: BinaryName, a: Operand, b: Operand): NDArray {
  return apply(name, operandPair(name, a, b), {})[0]
}

/** `y = x`: the same elements as a new node of the graph. */
export function identity(x: NDArray): NDArray {
  return unary('identity', x)
}

/** `y = −x` */
export function neg(x: NDArray): NDArray {
  return unary('neg', x)
}

/** `y = √x` */
export function sqrt(x: NDArray): NDArray {
  return unary('sqrt', x)
}

/** `y = eˣ` */
export function exp(x: NDArray): NDArray {
  return unary('exp', x)
}

/** `y = eˣ − 1`, accurate near 0. */
export function expm1(x: NDArray): NDArray {
  return unary('expm1', x)
}

/** `y = ln x` */
export function log(x: NDArray): NDArray {
  return unary('log', x)
}

/** `y = ln(1 + x)`, accurate near 0. */
export function log1p(x: NDArray): NDArray {
  return unary('log1p', x)
}

/** `y = sin x`, x in radians. */
export function sin(x: NDArray): NDArray {
  return unary('sin', x)
}

/** `y = cos x`, x in radians. */
export function cos(x: NDArray): NDArray {
  return unary('cos', x)
}

/** `y = tanh x` */
export function tanh(x: NDArray): NDArray {
  return unary('tanh', x)
}

/** `y = 1 / (1 + e⁻ˣ)` */
export function sigmoid(x: NDArray): NDArray {
  return unary('sigmoid', x)
}

/** `y = |x|`; the derivative at 0 is taken as 0. */
export function abs(x: NDArray): NDArray {
  return unary('abs', x)
}

/** `y = x / |x|`, 0 at 0; locally constant. */
export function sign(x: NDArray): NDArray {
  return unary('sign', x)
}

/** Largest integer not above x; locally constant. */
export function floor(x: NDArray): NDArray {
  return unary('floor', x)
}

/** `y = 1 / x` */
export function reciprocal(x: NDArray): NDArray {
  return unary('reciprocal', x)
}

/** `y = x²` */
export function square(x: NDArray): NDArray {
  return unary('square', x)
}

/** `y = not x`, bool. */
export function logicalNot(x: NDArray): NDArray {
  return unary('logicalNot', x)
}

/** `y = a + b`, numpy broadcasting, as all functions of two arrays here. */
export function add(a: Operand, b: Operand): NDArray {
  return binary('add', a, b)
}

/** `y = a − b` */
export function sub(a: Operand, b: Operand): NDArray {
  return binary('sub', a, b)
}

/** `y = a · b` */
export function mul(a: Operand, b: Operand): NDArray {
  return binary('mul', a, b)
}

/** `y = a / b`, float dtypes. */
export function div(a: Operand, b: Operand): NDArray {
  return binary('div', a, b)
}

/** `y = max(a, b)`; where both are equal each side gets half of the derivative. */
export function maximum(a: Operand, b: Operand): NDArray {
  return binary('maximum', a, b)
}

/** `y = min(a, b)`; where both are equal each side gets half of the derivative. */
export function minimum(a: Operand, b: Operand): NDArray {
  return binary('minimum', a, b)
}

/** `y = xᵉ`. A constant exponent has the derivative `e xᵉ⁻¹` everywhere, including x = 0 and x < 0 for integer e. */
export function pow(x: Operand, exponent: Operand): NDArray {
  if (typeof exponent === 'number' && typeof x !== 'number') return powConstant(x, exponent)
  return binary('pow', x, exponent)
}

function powConstant(x: NDArray, exponent: number): NDArray {
  return apply('powConstant', [x], { exponent })[0]
}

/** `y = a < b`, bool. */
export function less(a: Operand, b: Operand): NDArray {
  return binary('less', a, b)
}

/** `y = a ≤ b`, bool. */
export function lessEqual(a: Operand, b: Operand): NDArray {
  return binary('lessEqual', a, b)
}

/** `y = a > b`, bool. */
export function greater(a: Operand, b: Operand): NDArray {
  return binary('greater', a, b)
}

/** `y = a ≥ b`, bool. */
export function greaterEqual(a: Operand, b: Operand): NDArray {
  return binary('greaterEqual', a, b)
}

/** `y = a equals b`, bool. */
export function equal(a: Operand, b: Operand): NDArray {
  return binary('equal', a, b)
}

/** `y = a differs from b`, bool. */
export function notEqual(a: Operand, b: Operand): NDArray {
  return binary('notEqual', a, b)
}

/** `y = a and b`, bool. */
export function logicalAnd(a: NDArray, b: NDArray): NDArray {
  return binary('logicalAnd', a, b)
}

/** `y = a or b`, bool. */
export function logicalOr(a: NDArray, b: NDArray): NDArray {
  return binary('logicalOr', a, b)
}

/** `y = condition ? a : b` element by element, with broadcasting of all three. */
export function where(condition: NDArray, a: Operand, b: Operand): NDArray {
  const [x, y] = operandPair('where', a, b)
  return apply('where', [condition, x, y], {})[0]
}

/** The elements in another dtype (shared memory if it is the same). Floats are truncated towards 0 to integers. */
export function cast(x: NDArray, dtype: DTypeName): NDArray {
  const stored = storedDtype(dtype)
  return stored === x.dtype ? x.share() : apply('cast', [x], { dtype: stored })[0]
}
