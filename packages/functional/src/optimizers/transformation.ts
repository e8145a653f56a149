import { map } from '../tree/map.ts'

/** What an optimiser remembers between steps: a tree of arrays. */
export type OptimizerState = object

/**
 * Gradients into updates: pure functions on trees, which compose by {@link chain} and run inside of `jit`.
 *
 * @example
 * const optimizer = optimizers.chain(optimizers.clipByGlobalNorm(10), optimizers.adam(0.01))
 * let state = optimizer.init(params)
 * const [updates, next] = optimizer.update(gradients, state, params)
 * params = optimizers.applyUpdates(params, updates)
 */
export interface GradientTransformation {
  init(params: unknown): OptimizerState
  /** Updates in the structure of the parameters, to be added to them, and the state of the next step. */
  update<P>(gradients: P, state: OptimizerState, params: P): readonly [updates: P, state: OptimizerState]
}

/** One transformation after another; the state is the list of theirs. */
export function chain(...transformations: readonly GradientTransformation[]): GradientTransformation {
  return {
    init: (params) => transformations.map((own) => own.init(params)),
    update<P>(gradients: P, state: OptimizerState, params: P) {
      const states = state as readonly OptimizerState[]
      let updates = gradients
      const next = transformations.map((own, k) => {
        const [found, after] = own.update(updates, states[k] ?? {}, params)
        updates = found
        return after
      })
      return [updates, next]
    },
  }
}

/** `p + u` for every parameter. @throws {InputError} if structures differ. */
export function applyUpdates<P>(params: P, updates: P): P {
  return map((p, u = p) => p.add(u), params, updates)
}

/** `u ← c · u` */
export function scale(factor: number): GradientTransformation {
  return { init: () => ({}), update: (gradients, state) => [map((g) => g.mul(factor), gradients), state] }
}
