import * as kernels from '@equivar/core/kernels'

type Expression = kernels.Expression

/** Largest exponent, by size, of a power that is multiplied out without leaving 4 ulp. */
const largestExact = 6
const largestWhole = 64

/**
 * Natural logarithm, for f64 also beyond 2^±125, where the one of the language ends: numbers are brought near 1 by powers of two that
 * are exact.
 */
export function log(x: Expression): Expression {
  if (x.scalar !== 'f64') return kernels.math.log(x)
  let scaled = x
  let exponent = x.literal(0)
  for (const step of [512, 256, 128, 64]) {
    const [isLarge, isSmall] = [scaled.greater(2 ** (step - 1)), scaled.less(2 ** -(step - 1))]
    scaled = isLarge.select(scaled.mul(2 ** -step), isSmall.select(scaled.mul(2 ** step), scaled))
    exponent = isLarge.select(exponent.add(step), isSmall.select(exponent.sub(step), exponent))
  }
  return exponent.fma(Math.LN2, kernels.math.log(x.greater(0).and(x.less(Infinity)).select(scaled, x)))
}

/** `log(1 + x)`: what rounding 1 + x loses is given back by the quotient, for log u / (u − 1) is flat near 1. */
export function log1p(x: Expression): Expression {
  const u = x.add(1)
  const rest = u.sub(1)
  const isPlain = rest.equal(0).or(u.equal(Infinity))
  return isPlain.select(u.equal(Infinity).select(u, x), log(u).mul(x.div(isPlain.select(1, rest))))
}

/** `xʸ` also for x ≤ 0, with the conventions of IEEE. With `widens`, f32 goes by f64, where a long exponent costs no digits. */
export function pow(x: Expression, y: Expression, widens: boolean): Expression {
  if (x.scalar === 'f32' && widens) return pow(x.convert('f64'), y.convert('f64'), widens).convert('f32')
  const power = kernels.math.exp(y.mul(log(x.abs())))
  const isWhole = y.floor().equal(y)
  const half = y.mul(0.5)
  const isOdd = isWhole.and(half.floor().notEqual(half))
  const signed = x.less(0).select(isOdd.select(power.neg(), isWhole.select(power, Number.NaN)), power)
  return y.equal(0).select(1, signed)
}

/** `xⁿ` by products where n is a small integer or half of one. */
export function powConstant(x: Expression, exponent: number, widens: boolean): Expression {
  if (exponent === 0) return x.literal(1)
  const isProduct = Number.isInteger(2 * exponent) && Math.abs(exponent) <= largestWhole
  if (isProduct && (x.scalar === 'f64' || !widens || Math.abs(exponent) <= largestExact)) return kernels.math.powConstant(x, exponent)
  if (x.scalar === 'f32' && widens) return powConstant(x.convert('f64'), exponent, widens).convert('f32')
  return pow(x, x.literal(exponent), widens)
}
