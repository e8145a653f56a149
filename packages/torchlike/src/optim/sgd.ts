import { sgdUpdate, zerosLike, type NDArray } from '@equivar/engine'
import type { Parameter } from '../module/parameter.ts'
import { Optimizer, type GroupOptions, type ParameterGroup } from './optimizer.ts'

export interface SgdOptimizerOptions extends GroupOptions {
  /** μ, default 0. */
  readonly momentum?: number
  /** τ, default 0. */
  readonly dampening?: number
  /** Look ahead along the velocity. Default false. */
  readonly nesterov?: boolean
}

/** Gradient descent; see the engine's `sgdUpdate` for the formula. State of a parameter with momentum: `momentum_buffer`, as in torch. */
export class SGD extends Optimizer<SgdOptimizerOptions> {
  protected override update(parameter: Parameter, gradient: NDArray, group: ParameterGroup<SgdOptimizerOptions>): void {
    const { momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = group.options
    const before = this.knownState(parameter, 'momentum_buffer')
    const options = { learningRate: group.rateFor(parameter), momentum, dampening, nesterov, weightDecay }
    const { parameter: updated, state } = sgdUpdate(parameter.array, gradient, { velocity: before?.array }, options)
    parameter.replace(updated)
    if (state.velocity) this.stateOf(parameter, 'momentum_buffer', () => zerosLike(parameter)).replace(state.velocity)
  }
}
