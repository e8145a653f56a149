import { full } from '../array/create.ts'
import type { NDArray } from '../array/ndarray.ts'
import { abs, add, exp, log1p, maximum, mul, neg, sigmoid, tanh } from './elementwise.ts'

/** `y = x / (1 + e⁻ˣ)`, also called swish. */
export function silu(x: NDArray): NDArray {
  return mul(x, sigmoid(x))
}

/** `y = max(x, 0)`; half of the derivative at 0. */
export function relu(x: NDArray): NDArray {
  return maximum(x, full([], 0, { dtype: x.dtype, device: x.device }))
}

/** `y = ln(1 + eˣ)`, without overflow for large x. */
export function softplus(x: NDArray): NDArray {
  return add(relu(x), log1p(exp(neg(abs(x)))))
}

/** `y = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`, the tanh form of GELU. Source: Hendrycks, Gimpel, arXiv:1606.08415. */
export function gelu(x: NDArray): NDArray {
  const inner = mul(add(x, mul(mul(x, mul(x, x)), 0.044715)), Math.sqrt(2 / Math.PI))
  return mul(mul(x, 0.5), add(tanh(inner), 1))
}
