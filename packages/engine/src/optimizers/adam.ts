import { add, div, expm1, maximum, mul, neg, sqrt, square, sub } from '../functions/elementwise.ts'
import type { Operand } from '../functions/operands.ts'
import { scalar } from '../array/create.ts'
import type { NDArray } from '../array/ndarray.ts'
import { scope } from '../memory/scope.ts'
import { requireAlike, requireFraction, requireNonNegative } from './checks.ts'

export interface AdamOptions {
  /** A number, or an array of one element, so that a compiled program can be given another one at each call. */
  readonly learningRate: Operand
  /** β₁ and β₂, default 0.9 and 0.999. */
  readonly betas?: readonly [number, number]
  /** ε, default 1e-8. */
  readonly epsilon?: number
  /** λ, default 0. */
  readonly weightDecay?: number
  /** Whether λ shrinks the parameter itself (AdamW) instead of being added to the gradient. Default false. */
  readonly decoupled?: boolean
}

/** Moments of the gradients of one parameter, of its shape and dtype. */
export interface AdamState {
  readonly mean: NDArray
  readonly meanSquare: NDArray
  /** Largest second moments so far; with them the update is AMSGrad's. */
  readonly maxMeanSquare?: NDArray | undefined
}

/**
 * One step of Adam: `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
 * `p ← p − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)`.
 *
 * Weight decay is `g ← g + λ p` before the moments, or `p ← (1 − η λ) p` where it is decoupled (AdamW). With `maxMeanSquare` v is
 * replaced by the largest v so far (AMSGrad). t counts steps from 1; as an array it may be an input of a compiled program.
 *
 * Sources: Kingma, Ba, arXiv:1412.6980; Reddi, Kale, Kumar, arXiv:1904.09237; Loshchilov, Hutter, arXiv:1711.05101.
 *
 * @throws {ShapeError} {DtypeError} if gradient or state do not look as the parameter does. @throws {InputError} for options out of range.
 * @example
 * const { parameter, state } = adamUpdate(p, g, { mean: zerosLike(p), meanSquare: zerosLike(p) }, 1, { learningRate: 0.01 })
 */
export function adamUpdate(
  parameter: NDArray,
  gradient: NDArray,
  state: AdamState,
  step: Operand,
  options: AdamOptions,
): { readonly parameter: NDArray; readonly state: AdamState } {
  const { learningRate, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0, decoupled = false } = options
  const [beta1, beta2] = betas
  requireFraction('adamUpdate', 'β₁', beta1)
  requireFraction('adamUpdate', 'β₂', beta2)
  requireNonNegative('adamUpdate', 'epsilon', epsilon)
  requireNonNegative('adamUpdate', 'weightDecay', weightDecay)
  const { maxMeanSquare: largest } = state
  requireAlike('adamUpdate', parameter, { gradient, mean: state.mean, 'mean square': state.meanSquare, 'largest mean square': largest })
  return scope(() => {
    const rate = typeof learningRate === 'number' ? scalar(learningRate, parameter) : learningRate
    const g = weightDecay === 0 || decoupled ? gradient : add(gradient, mul(parameter, weightDecay))
    const decayed = weightDecay === 0 || !decoupled ? parameter : sub(parameter, mul(parameter, mul(rate, weightDecay)))
    const mean = add(mul(state.mean, beta1), mul(g, 1 - beta1))
    const meanSquare = add(mul(state.meanSquare, beta2), mul(square(g), 1 - beta2))
    const maxMeanSquare = largest && maximum(largest, meanSquare)
    const scale = div(sqrt(maxMeanSquare ?? meanSquare), sqrt(correction(beta2, step, parameter)))
    const size = div(rate, correction(beta1, step, parameter))
    return { parameter: sub(decayed, div(mul(mean, size), add(scale, epsilon))), state: { mean, meanSquare, ...(maxMeanSquare ? { maxMeanSquare } : {}) } }
  })
}

/** `1 − βᵗ`, accurate in float32 too, where βᵗ itself is rounded near 1. */
function correction(beta: number, step: Operand, like: NDArray): NDArray {
  if (typeof step === 'number') return scalar(1 - beta ** step, like)
  return beta === 0 ? add(mul(step, 0), 1) : neg(expm1(mul(step, Math.log(beta))))
}
