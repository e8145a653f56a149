import { InputError } from '@equivar/core'
import type { DeviceArray } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'

/** A learning rate for every number of steps that were made, an array without axes. */
export type Schedule = (step: DeviceArray) => DeviceArray

/** A learning rate: a number, an array of one element, or one for every step. */
export type LearningRate = number | DeviceArray | Schedule

/** `η(t) = a · γ^{t/n}` */
export function exponentialDecay(start: number, steps: number, gamma: number): Schedule {
  requirePositive('exponentialDecay', steps)
  return (step) => np.exp(step.mul(Math.log(gamma) / steps)).mul(start)
}

/** `η(t) = b + (a − b) (1 + cos(π min(1, t/n))) / 2`. Source: Loshchilov, Hutter, arXiv:1608.03983, without restarts. */
export function cosineDecay(start: number, steps: number, end = 0): Schedule {
  requirePositive('cosineDecay', steps)
  return (step) => np.cos(np.minimum(step.div(steps), 1).mul(Math.PI)).add(1).mul((start - end) / 2).add(end)
}

/** `η(t) = a + (b − a) min(1, t/n)` */
export function linearSchedule(start: number, end: number, steps: number): Schedule {
  requirePositive('linearSchedule', steps)
  return (step) => np.minimum(step.div(steps), 1).mul(end - start).add(start)
}

/** Up from 0 to `peak` in a straight line, then another schedule that counts from 0 again. */
export function warmup(peak: number, steps: number, after: Schedule): Schedule {
  const rise = linearSchedule(0, peak, steps)
  return (step) => np.where(np.less(step, steps), rise(step), after(np.maximum(step.sub(steps), 0)))
}

function requirePositive(what: string, steps: number): void {
  if (!(Number.isFinite(steps) && steps > 0)) throw new InputError(`${what}: the number of steps is ${steps}; it must be positive`)
}
