import type { Integrator } from './integrator.ts'
import { requireCount } from './require.ts'
import type { DynamicsState, ForceCalculator } from './state.ts'

export interface SimulateOptions {
  /** How many steps to take. */
  readonly steps: number
  readonly signal?: AbortSignal | undefined
}

/**
 * The states after each of the next steps. A loop that is left and entered again with the last state goes on to the last bit.
 *
 * @example
 * const integrator = langevin({ timestep: 0.5, temperature: 300 })
 * for await (const state of simulate(start, integrator, calculator, { steps: 1000 })) console.log(observe(state).temperature)
 *
 * @throws {InputError} if the number of steps is no integer of at least 0, or energy or forces are not finite.
 * @throws the signal's reason once it is aborted.
 */
export async function* simulate(
  state: DynamicsState,
  integrator: Integrator,
  calculator: ForceCalculator,
  { steps, signal }: SimulateOptions,
): AsyncGenerator<DynamicsState, void, undefined> {
  requireCount('simulate: steps', steps)
  let current = state
  for (let taken = 0; taken < steps; taken++) {
    signal?.throwIfAborted()
    current = await integrator.step(current, calculator, { signal })
    yield current
  }
}
