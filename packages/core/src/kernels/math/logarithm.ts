import type { Expression } from '../expression.ts'
import { f32Polynomials, f64Polynomials, ln2Parts } from './coefficients.ts'
import { floatType, polynomial, powerOfTwo } from './domain.ts'

/** Bits of √½ in f32. */
const rootHalfBits = 0x3f3504f3

/**
 * Natural logarithm within 3 ulp: f32 for every normal number, f64 for x in 2⁻¹²⁵ … 2¹²⁵. −∞ at 0, NaN below.
 *
 * x = 2ᵏ m with m between √½ and √2; with f = m − 1 and s = f / (2 + f), log m = f − s (f − s² g(s²)).
 */
export function log(x: Expression): Expression {
  const type = floatType('log', x)
  // The exponent can be taken from the number in f32 also where x is f64: m may then leave its interval by a rounding.
  const bits = x.convert('f32').bitcast('i32')
  const exponent = bits.sub(rootHalfBits).shiftRight(23)
  const m = type === 'f32' ? bits.sub(exponent.shiftLeft(23)).bitcast('f32') : x.mul(powerOfTwo(exponent.neg().convert('f32')).convert('f64'))
  const k = exponent.convert(type)

  const f = m.sub(1)
  const s = f.div(f.add(2))
  const square = s.mul(s)
  const series = square.mul(polynomial(square, (type === 'f32' ? f32Polynomials : f64Polynomials).log))
  const [high = 0, low = 0] = ln2Parts[type]
  const finite = k.fma(high, f.sub(s.mul(f.sub(series)).sub(k.mul(low))))

  const positive = x.less(Infinity).select(finite, x)
  return x.greater(0).select(positive, x.equal(0).select(x.literal(-Infinity), Number.NaN))
}
