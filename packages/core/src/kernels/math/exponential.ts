import type { Expression } from '../expression.ts'
import { f32Polynomials, f64Polynomials, ln2Parts } from './coefficients.ts'
import { floatType, nearest, polynomial, powerOfTwo, reduceBy } from './domain.ts'

/** Below, the exponential would come close to subnormal numbers; above, it overflows by itself. */
const limits = { f32: { lowest: -86.9, highest: 88.75 }, f64: { lowest: -698, highest: 709.8 } } as const

/**
 * x = k ln 2 + r with |r| ≤ ln 2 / 2: what the exponential is made of, `eʳ − 1` and `2^(k − 1)`. Half of the power, because the power
 * itself would overflow a little before the result does.
 */
function decompose(name: string, x: Expression): { readonly expm1: Expression; readonly halfScale: Expression } {
  const type = floatType(name, x)
  const { lowest, highest } = limits[type]
  // Comparisons let NaN through, min and max need not.
  const limited = x.less(lowest).select(lowest, x.greater(highest).select(highest, x))
  const k = nearest(limited.mul(Math.LOG2E))
  const r = reduceBy(limited, k, ln2Parts[type])
  const g = polynomial(r, (type === 'f32' ? f32Polynomials : f64Polynomials).exp)
  return { expm1: r.mul(r).fma(g, r), halfScale: halfScaleOf(type, k) }
}

/** There are no 64-bit integers to shift an exponent into: in f64 the power is the eighth power of one in f32, times a small one. */
function halfScaleOf(type: 'f32' | 'f64', k: Expression): Expression {
  if (type === 'f32') return powerOfTwo(k.sub(1))
  const eighth = k.sub(1).mul(0.125).floor()
  const rest = k.sub(1).sub(eighth.mul(8))
  const root = powerOfTwo(eighth.convert('f32')).convert('f64')
  const square = root.mul(root)
  const fourth = square.mul(square)
  return fourth.mul(fourth).mul(powerOfTwo(rest.convert('f32')).convert('f64'))
}

/**
 * `eˣ` within 2 ulp: f32 for x in −86.9 … 88.7, f64 for x in −698 … 709.7. 0 below, ∞ above.
 *
 * @throws {KernelError} if the argument is no floating-point number; so do all functions here.
 */
export function exp(x: Expression): Expression {
  const { expm1, halfScale } = decompose('exp', x)
  const { lowest } = limits[floatType('exp', x)]
  return x.less(lowest).select(0, expm1.add(1).mul(halfScale).mul(2))
}

/** `eˣ − 1` within 3 ulp where {@link exp} is finite, also for small x; −1 below. */
export function expm1(x: Expression): Expression {
  const { expm1: fraction, halfScale } = decompose('expm1', x)
  return halfScale.fma(fraction, halfScale.sub(0.5)).mul(2)
}

/** `(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)` within 4 ulp for all x. */
export function tanh(x: Expression): Expression {
  // Nothing but 1 is left of it behind.
  const end = floatType('tanh', x) === 'f32' ? 10 : 20
  const size = x.abs()
  const e = expm1(size.greater(end).select(end, size).mul(2))
  const t = e.div(e.add(2))
  return x.less(0).select(t.neg(), t)
}

/** `1 / (1 + e⁻ˣ)` within 4 ulp where {@link exp}(−x) is finite; 0 below. */
export function sigmoid(x: Expression): Expression {
  const e = exp(x.neg())
  return e.literal(1).div(e.add(1))
}

/** `x / (1 + e⁻ˣ)` within 4 ulp where {@link exp}(−x) is finite; 0 below. */
export function silu(x: Expression): Expression {
  return x.div(exp(x.neg()).add(1))
}
