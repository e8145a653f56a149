import { KernelError } from '../../errors.ts'
import type { Expression } from '../expression.ts'
import { floatType } from './domain.ts'
import { exp } from './exponential.ts'
import { log } from './logarithm.ts'

/** Most factors that are multiplied one by one. */
const maxExponent = 64

/**
 * `xⁿ` for an n known when the kernel is built, an integer or half of one in −64 … 64: products, a square root, a quotient.
 * Within 4 ulp for |n| ≤ 6 as far as neither result nor reciprocal overflow; each further factor adds at most 1 ulp.
 *
 * @throws {KernelError} if n is something else; {@link pow} takes every exponent.
 */
export function powConstant(x: Expression, exponent: number): Expression {
  floatType('powConstant', x)
  if (!Number.isInteger(2 * exponent) || Math.abs(exponent) > maxExponent)
    throw new KernelError(`powConstant: the exponent is ${exponent}, but must be an integer or half of one within ±${maxExponent}; pow takes any`)
  if (exponent < 0) return x.literal(1).div(powConstant(x, -exponent))
  const whole = Math.floor(exponent)
  const power = integerPower(x, whole)
  if (whole === exponent) return power ?? x.literal(1)
  return power ? power.mul(x.sqrt()) : x.sqrt()
}

/** By repeated squares; nothing for n = 0. */
function integerPower(x: Expression, n: number): Expression | undefined {
  if (n === 0) return undefined
  const half = integerPower(x, Math.floor(n / 2))
  const square = half?.mul(half)
  if (n % 2 === 0) return square
  return square ? square.mul(x) : x
}

/**
 * `xʸ = exp(y log x)` for x > 0. Its error grows with the size of y log x: within 4 ulp for |y log x| ≤ 1, and about 2 |y log x| ulp
 * beyond. For x in the range of {@link log}, y log x in that of {@link exp}.
 */
export function pow(x: Expression, y: Expression | number): Expression {
  floatType('pow', x)
  return exp(log(x).mul(y))
}

/** `1 / √x` within 2 ulp. */
export function rsqrt(x: Expression): Expression {
  floatType('rsqrt', x)
  return x.literal(1).div(x.sqrt())
}
