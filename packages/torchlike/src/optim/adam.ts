import { adamUpdate, add, scalar, zerosLike, type NDArray } from '@equivar/engine'
import type { Parameter } from '../module/parameter.ts'
import { Optimizer, type GroupInput, type GroupOptions, type ParameterGroup } from './optimizer.ts'

export interface AdamOptimizerOptions extends GroupOptions {
  /** β₁ and β₂, default 0.9 and 0.999. */
  readonly betas?: readonly [number, number]
  /** ε, default 1e-8. */
  readonly eps?: number
  /** Second moments are the largest so far. Default false. */
  readonly amsgrad?: boolean
}

/**
 * Adam, with weight decay added to gradients; see the engine's `adamUpdate` for the formula. State of a parameter: `step`, `exp_avg`,
 * `exp_avg_sq`, `max_exp_avg_sq`, as in torch.
 */
export class Adam extends Optimizer<AdamOptimizerOptions> {
  constructor(params: Iterable<Parameter> | Iterable<GroupInput<AdamOptimizerOptions>>, options: Partial<AdamOptimizerOptions> = {}) {
    super(params, { lr: 1e-3, ...options })
  }

  /** Whether weight decay shrinks parameters instead of being added to gradients. */
  protected get isDecoupled(): boolean {
    return false
  }

  protected override update(parameter: Parameter, gradient: NDArray, group: ParameterGroup<AdamOptimizerOptions>): void {
    const { betas = [0.9, 0.999], eps: epsilon = 1e-8, weightDecay = 0, amsgrad = false } = group.options
    const { array } = parameter
    const zeros = () => zerosLike(parameter)
    const step = this.stateOf(parameter, 'step', () => scalar(0, parameter))
    const mean = this.stateOf(parameter, 'exp_avg', zeros)
    const meanSquare = this.stateOf(parameter, 'exp_avg_sq', zeros)
    const maxMeanSquare = amsgrad ? this.stateOf(parameter, 'max_exp_avg_sq', zeros) : undefined
    step.replace(add(step.array, 1))
    const moments = { mean: mean.array, meanSquare: meanSquare.array, maxMeanSquare: maxMeanSquare?.array }
    const options = { learningRate: group.rateFor(parameter), betas, epsilon, weightDecay, decoupled: this.isDecoupled }
    const { parameter: updated, state } = adamUpdate(array, gradient, moments, step.array, options)
    parameter.replace(updated)
    mean.replace(state.mean)
    meanSquare.replace(state.meanSquare)
    if (state.maxMeanSquare) maxMeanSquare?.replace(state.maxMeanSquare)
  }
}

/** Adam with decoupled weight decay, 0.01 unless given. */
export class AdamW extends Adam {
  constructor(params: Iterable<Parameter> | Iterable<GroupInput<AdamOptimizerOptions>>, options: Partial<AdamOptimizerOptions> = {}) {
    super(params, { weightDecay: 0.01, ...options })
  }

  protected override get isDecoupled(): boolean {
    return true
  }
}
