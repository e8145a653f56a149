import { full } from '../array/create.ts'
import type { NDArray } from '../array/ndarray.ts'
import { customJvp } from '../graph/custom.ts'
import { abs, add, div, exp, less, minimum, mul, neg, sign, square, sub, where } from './elementwise.ts'

/** Rational approximations, highest powers first: of erf(x) / x in x² below the border, of erfc(x) exp(x²) in x above it. */
const small = {
  numerator: [1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3],
  denominator: [1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3],
} as const
const large = {
  numerator: [
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2, 8.8195222124176909e2,
    1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
  ],
  denominator: [
    1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
    3.43936767414372164e3, 1.23033935480374942e3,
  ],
} as const
const border = 0.46875
/** Beyond it erf is 1 to the last bit. */
const end = 6

/**
 * `y = 2/√π ∫₀ˣ e^{−t²} dt`, to a few units of rounding in float64, with derivatives of all orders by `2/√π e^{−x²}`.
 *
 * Source: W. J. Cody, Math. Comp. 23, 631 (1969).
 */
export function erf(x: NDArray): NDArray {
  const [y] = withDerivative(x)
  return y ?? x
}

/** `y = x/2 · (1 + erf(x/√2))`, GELU itself. Source: Hendrycks, Gimpel, arXiv:1606.08415. */
export function exactGelu(x: NDArray): NDArray {
  return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1))
}

const withDerivative = /* @__PURE__ */ customJvp((x: NDArray) => [approximation(x)], {
  name: 'erf',
  tangents: ([x], _, [tangent]) => [x && tangent && mul(tangent, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))],
})

function approximation(x: NDArray): NDArray {
  const length = minimum(abs(x), end)
  const squared = square(length)
  const below = mul(x, div(polynomial(small.numerator, squared), polynomial(small.denominator, squared)))
  const rest = mul(exp(neg(squared)), div(polynomial(large.numerator, length), polynomial(large.denominator, length)))
  return where(less(length, border), below, mul(sign(x), sub(1, rest)))
}

function polynomial([first = 0, ...rest]: readonly number[], x: NDArray): NDArray {
  return rest.reduce((sum, coefficient) => add(mul(sum, x), coefficient), full([], first, { dtype: x.dtype, device: x.device }))
}
