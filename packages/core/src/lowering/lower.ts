import { PolynomialError } from '../errors.ts'
import { ChannelLowering } from './channels/lower-channels.ts'
import { ThroughEntries } from './channels/through-entries.ts'
import { explainPlan } from './explanation.ts'
import { lowerMatrix } from './matrix/index.ts'
import { whyNotTensorProducts, whyNotUniform } from './method-checks.ts'
import { channelMode, normalForm } from './normal-form.ts'
import type { Method, Plan, Target } from './plan.ts'
import type { LoweredPolynomial, PolynomialRequest, PolynomialSizes } from './request.ts'
import { StagedLowering } from './staged/lower-staged.ts'
import { codeSize } from './staged/split.ts'
import { TableLowering } from './tables/lower-tables.ts'
import { tuningFor } from './tuning.ts'

/** Terms that are worth code of their own. */
const maxTerms = 20_000
/** Beyond so many terms products of several modes are taken apart, if they can be. */
const maxFusedTerms = 2000

/**
 * Kernels that evaluate a polynomial, and how they are launched for given sizes.
 *
 * `indexed_linear` takes products of matrices with vectors; `uniform_1d` what has one mode, one extent and numbers beside it;
 * `fused_tp` products of two or three inputs with several modes, which are unrolled beside one, or, where that would be much code, done
 * two inputs at a time; `naive` everything, from tables. `auto` takes the first of them that fits, and `explain` says why.
 *
 * @throws {PolynomialError} if the method cannot serve the polynomial, with the rewrite that would help.
 */
export function lowerPolynomial(request: PolynomialRequest, target: Target, method: Method | 'auto' = 'auto'): LoweredPolynomial {
  const { polynomial } = request
  if (method === 'naive') return lowerByTables(request, target, 'terms are read from tables instead of code being made, as asked for')
  if (method === 'auto' || method === 'indexed_linear') {
    const matrix = lowerMatrix(request, target, method)
    if (matrix) return matrix
    if (method === 'indexed_linear')
      throw new PolynomialError(`method 'indexed_linear' cannot serve this polynomial: its operations are no products of a matrix with vectors, such as 'uv,u,v'; use 'auto'`)
  }
  const notUniform = whyNotUniform(polynomial)
  const refused = method === 'uniform_1d' ? notUniform : method === 'fused_tp' ? whyNotTensorProducts(polynomial) : undefined
  if (refused !== undefined) throw new PolynomialError(`method '${method}' cannot serve this polynomial: ${refused}`)
  if ((method === 'auto' || method === 'fused_tp') && codeSize(polynomial, (product) => channelMode(product)) > maxFusedTerms) {
    const staged = StagedLowering.of(request, (stage) => lowerPolynomial(stage, target))
    const reason = 'products of three operands are done two by two, because unrolling their modes would be too much code'
    if (staged) return lowered('fused_tp', reason, staged)
  }
  const form = normalForm(polynomial, { minChannels: tuningFor(target, request.mathScalar).minChannels, maxTerms })
  if ('refusal' in form) {
    if (method === 'auto') return lowerByTables(request, target, `terms are read from tables, because ${form.refusal}`)
    throw new PolynomialError(`method '${method}' cannot serve this polynomial: ${form.refusal}; use 'naive'`)
  }
  const lowering = ThroughEntries.of(request, form, target) ?? new ChannelLowering(request, form, target)
  const chosen = method === 'auto' ? (notUniform === undefined ? 'uniform_1d' : 'fused_tp') : method
  const reason =
    notUniform === undefined
      ? 'all operands have one mode, whose elements are lanes; what they share is computed once an entry'
      : 'operands have several modes: one becomes lanes, the others are unrolled; what lanes share is computed once an entry'
  return lowered(chosen, method === 'auto' ? reason : `${reason}, as asked for`, lowering)
}

function lowerByTables(request: PolynomialRequest, target: Target, reason: string): LoweredPolynomial {
  return lowered('naive', reason, new TableLowering(request, target))
}

interface Planning {
  readonly orders: readonly number[]
  plan(sizes: PolynomialSizes): Plan
}

function lowered(method: Method, reason: string, planning: Planning): LoweredPolynomial {
  return {
    method,
    orders: planning.orders,
    plan: (sizes) => planning.plan(sizes),
    explain: (sizes) => explainPlan(method, reason, planning.plan(sizes)),
  }
}
