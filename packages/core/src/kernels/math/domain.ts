import { KernelError } from '../../errors.ts'
import type { Expression } from '../expression.ts'

export type FloatType = 'f32' | 'f64'

/** The type of the argument of an elementary function. @throws {KernelError} if it is no floating-point type. */
export function floatType(name: string, { scalar }: Expression): FloatType {
  if (scalar !== 'f32' && scalar !== 'f64') throw new KernelError(`${name} takes f32 or f64, but got ${scalar}; convert it`)
  return scalar
}

/** `c₀ + x (c₁ + x (c₂ + …))`. */
export function polynomial(x: Expression, coefficients: readonly number[]): Expression {
  const [last = 0, ...others] = [...coefficients].reverse()
  return others.reduce((sum: Expression, coefficient) => sum.fma(x, coefficient), x.literal(last))
}

/** `x − Σ parts · k`, each product exact but the last. */
export function reduceBy(x: Expression, k: Expression, parts: readonly number[]): Expression {
  return parts.reduce((rest, part) => k.fma(-part, rest), x)
}

/** The nearest integer, as a number of the same type. */
export function nearest(x: Expression): Expression {
  return x.add(0.5).floor()
}

/** `2^k` for an integer k of type f32 in −126 … 127: the bits of the number. */
export function powerOfTwo(k: Expression): Expression {
  return k.convert('i32').add(127).shiftLeft(23).bitcast('f32')
}
