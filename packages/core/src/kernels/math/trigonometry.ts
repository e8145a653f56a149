import type { Expression } from '../expression.ts'
import { f32Polynomials, f64Polynomials, halfPiParts } from './coefficients.ts'
import { floatType, nearest, polynomial, reduceBy } from './domain.ts'

/**
 * Sine and cosine, with their common part computed once; each within 4 ulp, also near its zeros: f32 for |x| ≤ 1600, f64 for
 * |x| ≤ 100,000. Less exact beyond.
 *
 * x = k π/2 + r with |r| ≤ π/4: which of the two series serves, and its sign, follow from the last two bits of k.
 *
 * @throws {KernelError} if the argument is no floating-point number; so do all functions here.
 */
export function sincos(x: Expression): { readonly sin: Expression; readonly cos: Expression } {
  const type = floatType('sincos', x)
  const coefficients = type === 'f32' ? f32Polynomials : f64Polynomials
  const k = nearest(x.mul(2 / Math.PI))
  const r = reduceBy(x, k, halfPiParts[type])
  const square = r.mul(r)
  const sine = square.mul(r).fma(polynomial(square, coefficients.sin), r)
  const cosine = square.mul(square).fma(polynomial(square, coefficients.cos), square.mul(-0.5).add(1))

  const quadrant = k.convert('i32')
  const isOdd = quadrant.and(1).equal(1)
  const signed = (value: Expression, turns: Expression) => turns.and(2).equal(2).select(value.neg(), value)
  return { sin: signed(isOdd.select(cosine, sine), quadrant), cos: signed(isOdd.select(sine, cosine), quadrant.add(1)) }
}

/** See {@link sincos}. */
export function sin(x: Expression): Expression {
  return sincos(x).sin
}

/** See {@link sincos}. */
export function cos(x: Expression): Expression {
  return sincos(x).cos
}
