import { InputError, ShapeError } from '@equivar/core'
import { array } from '../array/create.ts'
import type { NDArray } from '../array/ndarray.ts'
import { formatShape } from '../array/shape.ts'
import { add, div, equal, exp, less, mul, pow, sin, square, sub, where } from './elementwise.ts'
import { reshape } from './structure.ts'
import { stack } from './composed.ts'

/** `w_n = n π / r_c`, n = 1 … count: the frequencies of {@link besselBasis} that vanish at the cutoff. */
export function besselFrequencies(count: number, cutoff: number, dtype: 'float32' | 'float64' = 'float64'): NDArray {
  requirePositive('besselFrequencies', 'cutoff', cutoff)
  return array(Float64Array.from({ length: count }, (_, n) => ((n + 1) * Math.PI) / cutoff), { dtype })
}

/**
 * `y[…, n] = c · sin(w_n r) / r`, and its limit `c w_n` at r = 0; r[…] in Å, w[n] in 1/Å, usually c = √(2/r_c).
 * Source: Gasteiger et al., arXiv:2003.03123, equation 7.
 */
export function besselBasis(r: NDArray, frequencies: NDArray, prefactor: number): NDArray {
  requireVector('besselBasis: frequencies', frequencies)
  const x = column(r)
  const isZero = equal(x, 0)
  const value = div(sin(mul(x, frequencies)), where(isZero, 1, x))
  return mul(where(isZero, frequencies, value), prefactor)
}

/** `y[…, n] = exp(a (r − μ_n)²)`; centres μ[n] in Å, a in 1/Å², usually −½ / (distance of centres)². */
export function gaussianBasis(r: NDArray, centres: NDArray, coefficient: number): NDArray {
  requireVector('gaussianBasis: centres', centres)
  return exp(mul(square(sub(column(r), centres)), coefficient))
}

/** `y[…, n − 1] = T_n(x)`, n = 1 … count: Chebyshev polynomials of the first kind, by `T_{n+1} = 2 x T_n − T_{n−1}`. */
export function chebyshevBasis(x: NDArray, count: number): NDArray {
  if (!(Number.isInteger(count) && count >= 1)) throw new InputError(`chebyshevBasis: count is ${count}; it must be a positive integer`)
  const terms = [x]
  for (let n = 2; n <= count; n++) {
    const last = terms[n - 2] ?? x
    const before = terms[n - 3]
    const doubled = mul(mul(x, last), 2)
    terms.push(before ? sub(doubled, before) : sub(doubled, 1))
  }
  return stack(terms, -1)
}

/**
 * `f(r) = 1 − (p+1)(p+2)/2 uᵖ + p(p+2) uᵖ⁺¹ − p(p+1)/2 uᵖ⁺²` for u = r/r_c < 1, else 0: a cutoff with two continuous
 * derivatives at r_c. `cutoff` may be an array that broadcasts with r.
 *
 * Source: Gasteiger et al., arXiv:2003.03123, equation 8.
 */
export function polynomialCutoff(r: NDArray, cutoff: number | NDArray, order: number): NDArray {
  if (!(Number.isFinite(order) && order > 0)) throw new InputError(`polynomialCutoff: the order is ${order}; it must be positive`)
  if (typeof cutoff === 'number') requirePositive('polynomialCutoff', 'cutoff', cutoff)
  const p = order
  const u = div(r, cutoff)
  const up = pow(u, p)
  const bracket = add(add(mul(u, p * (p + 2)), mul(square(u), (-p * (p + 1)) / 2)), (-(p + 1) * (p + 2)) / 2)
  return where(less(u, 1), add(mul(up, bracket), 1), 0)
}

function column(r: NDArray): NDArray {
  return reshape(r, [...r.shape, 1])
}

function requireVector(what: string, x: NDArray): void {
  if (x.ndim !== 1) throw new ShapeError(`${what}: needs one axis, got shape ${formatShape(x.shape)}`)
}

function requirePositive(what: string, name: string, value: number): void {
  if (!(Number.isFinite(value) && value > 0)) throw new InputError(`${what}: ${name} is ${value}; it must be positive and finite`)
}
