import { PolynomialError } from '../errors.ts'
import { ChannelLowering } from './channels/lower-channels.ts'
import { explainPlan } from './explanation.ts'
import { normalForm } from './normal-form.ts'
import type { Method, Target } from './plan.ts'
import type { LoweredPolynomial, PolynomialRequest } from './request.ts'
import { tuningFor } from './tuning.ts'

/** Terms that are worth code of their own. */
const maxTerms = 20_000

/**
 * Kernels that evaluate a polynomial, and how they are launched for given sizes.
 *
 * @throws {PolynomialError} if the method cannot serve the polynomial, with the rewrite that would help.
 */
export function lowerPolynomial(request: PolynomialRequest, target: Target, method: Method | 'auto' = 'auto'): LoweredPolynomial {
  if (method === 'auto' || method === 'indexed_linear' || method === 'fused_tp') {
    if (method === 'indexed_linear') throw new PolynomialError("method 'indexed_linear' takes products of a matrix with vectors, 'uv,u,v' and its permutations; use 'auto', or 'uniform_1d' for channel-wise products")
  }
  const form = normalForm(request.polynomial, { minChannels: tuningFor(target, request.mathScalar).minChannels, maxTerms })
  if ('refusal' in form) throw new PolynomialError(`method '${method}' cannot serve this polynomial: ${form.refusal}`)
  const lowering = new ChannelLowering(request, form, target)
  return {
    method: 'uniform_1d',
    orders: lowering.orders,
    plan: (sizes) => lowering.plan(sizes),
    explain: (sizes) => explainPlan('uniform_1d', 'channels are lanes, what channels share is computed once an entry', lowering.plan(sizes)),
  }
}
