import { add, mul, sub } from '../functions/elementwise.ts'
import type { Operand } from '../functions/operands.ts'
import type { NDArray } from '../array/ndarray.ts'
import { scope } from '../memory/scope.ts'
import { requireAlike, requireNonNegative } from './checks.ts'

export interface SgdOptions {
  /** A number, or an array of one element. */
  readonly learningRate: Operand
  /** μ, default 0. */
  readonly momentum?: number
  /** τ, default 0. */
  readonly dampening?: number
  /** λ, default 0. */
  readonly weightDecay?: number
  /** Look ahead along the velocity; needs momentum. Default false. */
  readonly nesterov?: boolean
}

export interface SgdState {
  /** Of the shape and dtype of the parameter; missing before the first step, and without momentum. */
  readonly velocity?: NDArray | undefined
}

/**
 * One step of gradient descent: `g ← g + λ p`, `b ← μ b + (1 − τ) g` (at first `b = g`), `p ← p − η b`; with Nesterov's momentum
 * `p ← p − η (g + μ b)`.
 *
 * Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013.
 *
 * @throws {ShapeError} {DtypeError} if gradient or velocity do not look as the parameter does. @throws {InputError} for options out of range.
 */
export function sgdUpdate(
  parameter: NDArray,
  gradient: NDArray,
  state: SgdState,
  options: SgdOptions,
): { readonly parameter: NDArray; readonly state: SgdState } {
  const { learningRate, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false } = options
  for (const [name, value] of Object.entries({ momentum, dampening, weightDecay })) requireNonNegative('sgdUpdate', name, value)
  const { velocity: before } = state
  requireAlike('sgdUpdate', parameter, { gradient, velocity: before })
  return scope(() => {
    const g = weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay))
    const velocity = momentum === 0 ? undefined : before ? add(mul(before, momentum), mul(g, 1 - dampening)) : g.share()
    const direction = !velocity ? g : nesterov ? add(g, mul(velocity, momentum)) : velocity
    return { parameter: sub(parameter, mul(direction, learningRate)), state: velocity ? { velocity } : {} }
  })
}
