import { InputError } from '@equivar/core'

/** A factor of the learning rate, or the rate itself, for every number of steps or epochs from 0. */
export type Schedule = (step: number) => number

/** `f(t) = value` */
export function constantSchedule(value: number): Schedule {
  return () => value
}

/** `f(t) = a · γᵗ` */
export function exponentialSchedule(start: number, gamma: number): Schedule {
  return (step) => start * gamma ** step
}

/** `f(t) = a · γ^⌊t / n⌋`. @throws {InputError} unless n is a positive integer. */
export function stepSchedule(start: number, every: number, gamma: number): Schedule {
  requireSteps('stepSchedule', every)
  return (step) => start * gamma ** Math.floor(step / every)
}

/** `f(t) = a + (b − a) · min(1, t / n)`. @throws {InputError} unless n is a positive integer. */
export function linearSchedule(start: number, end: number, steps: number): Schedule {
  requireSteps('linearSchedule', steps)
  return (step) => start + (end - start) * Math.min(1, step / steps)
}

/**
 * `f(t) = b + (a − b) (1 + cos(π min(1, t / n))) / 2`.
 *
 * Source: Loshchilov, Hutter, arXiv:1608.03983, without restarts.
 *
 * @throws {InputError} unless n is a positive integer.
 */
export function cosineSchedule(start: number, end: number, steps: number): Schedule {
  requireSteps('cosineSchedule', steps)
  return (step) => end + ((start - end) * (1 + Math.cos(Math.PI * Math.min(1, step / steps)))) / 2
}

/**
 * One schedule after another: the k-th runs from `boundaries[k − 1]` on, counting from 0 again.
 *
 * @throws {InputError} unless there is one boundary less than schedules, ascending.
 */
export function joinSchedules(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
  if (schedules.length === 0 || boundaries.length !== schedules.length - 1)
    throw new InputError(`joinSchedules: ${schedules.length} schedules need ${Math.max(0, schedules.length - 1)} boundaries, got ${boundaries.length}`)
  if (!boundaries.every((at, k) => at > (boundaries[k - 1] ?? 0))) throw new InputError(`joinSchedules: boundaries [${boundaries.join(', ')}] must ascend from above 0`)
  return (step) => {
    const passed = boundaries.filter((at) => step >= at).length
    return (schedules[passed] ?? constantSchedule(0))(step - (boundaries[passed - 1] ?? 0))
  }
}

export interface PlateauOptions {
  /** What the factor is multiplied with on a plateau. Default 0.1. */
  readonly factor?: number
  /** Steps without improvement that are borne. Default 10. */
  readonly patience?: number
  /** Relative improvement that counts. Default 1e-4. */
  readonly threshold?: number
  /** Steps after a reduction during which none are counted. Default 0. */
  readonly cooldown?: number
  /** Default `'min'`: smaller is better. */
  readonly mode?: 'min' | 'max'
}

export interface PlateauState {
  /** Null before the first metric. */
  readonly best: number | null
  readonly badSteps: number
  readonly cooling: number
  /** Product of the reductions so far. */
  readonly scale: number
}

/** Before the first metric. */
export const initialPlateau: PlateauState = { best: null, badSteps: 0, cooling: 0, scale: 1 }

/**
 * Reduction on a plateau: `scale ← scale · factor` after more than `patience` steps without a relative improvement of the metric.
 *
 * @throws {InputError} for options out of range.
 */
export function plateauStep(state: PlateauState, metric: number, options: PlateauOptions = {}): PlateauState {
  const { factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0, mode = 'min' } = options
  if (!(factor > 0 && factor < 1)) throw new InputError(`plateauStep: factor is ${factor}; it must be in (0, 1)`)
  for (const [name, value] of Object.entries({ patience, threshold, cooldown }))
    if (!(value >= 0)) throw new InputError(`plateauStep: ${name} is ${value}; it must not be negative`)
  const isBetter = state.best === null || (mode === 'min' ? metric < state.best * (1 - threshold) : metric > state.best * (1 + threshold))
  const best = isBetter ? metric : state.best
  const isCooling = state.cooling > 0
  const badSteps = isBetter || isCooling ? 0 : state.badSteps + 1
  const cooling = Math.max(0, state.cooling - 1)
  if (badSteps <= patience) return { best, badSteps, cooling, scale: state.scale }
  return { best, badSteps: 0, cooling: cooldown, scale: state.scale * factor }
}

function requireSteps(what: string, steps: number): void {
  if (!(Number.isInteger(steps) && steps >= 1)) throw new InputError(`${what}: the number of steps is ${steps}; it must be a positive integer`)
}
