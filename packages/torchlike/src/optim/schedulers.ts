import { initialPlateau, plateauStep, type PlateauOptions, type PlateauState, type Schedule } from '@equivar/engine'
import type { GroupOptions, Optimizer } from './optimizer.ts'

/**
 * Sets the learning rate of every group to its first one times a factor, by number of calls of `step()`:
 * `new LRScheduler(optimizer, cosineSchedule(1, 0, 100))`.
 */
export class LRScheduler<Options extends GroupOptions> {
  readonly #optimizer: Optimizer<Options>
  readonly #schedule: Schedule
  readonly #first: readonly number[]
  #steps = 0

  constructor(optimizer: Optimizer<Options>, schedule: Schedule) {
    this.#optimizer = optimizer
    this.#schedule = schedule
    this.#first = optimizer.groups.map(({ lr }) => lr)
    this.#apply()
  }

  step(): void {
    this.#steps++
    this.#apply()
  }

  stateDict(): { readonly steps: number } {
    return { steps: this.#steps }
  }

  loadStateDict({ steps }: { readonly steps: number }): void {
    this.#steps = steps
    this.#apply()
  }

  #apply(): void {
    for (const [k, group] of this.#optimizer.groups.entries()) group.lr = (this.#first[k] ?? 0) * this.#schedule(this.#steps)
  }
}

/** Multiplies learning rates with a factor when a metric has stopped improving; see the engine's `plateauStep`. */
export class ReduceLROnPlateau<Options extends GroupOptions> {
  readonly #optimizer: Optimizer<Options>
  readonly #options: PlateauOptions
  #state: PlateauState = initialPlateau

  /** @throws {InputError} (at the first step) for options out of range. */
  constructor(optimizer: Optimizer<Options>, options: PlateauOptions = {}) {
    this.#optimizer = optimizer
    this.#options = options
  }

  step(metric: number): void {
    const before = this.#state.scale
    this.#state = plateauStep(this.#state, metric, this.#options)
    if (this.#state.scale !== before) for (const group of this.#optimizer.groups) group.lr *= this.#state.scale / before
  }

  stateDict(): PlateauState {
    return this.#state
  }

  loadStateDict(state: PlateauState): void {
    this.#state = state
  }
}
