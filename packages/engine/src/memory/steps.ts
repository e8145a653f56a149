import { disposeAll, ownedIn, owning, type Owned } from './scope.ts'

/** Long work that offers to stop at every `yield`. */
export type Steps<R> = Generator<void, R, void>

/** Runs all steps at once. */
export function finish<R>(steps: Steps<R>): R {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/**
 * A scope for long work: `pause` runs between two steps of `work`, so that other tasks have their turn and an abort is
 * noticed. Every array made by the steps is disposed but those that the work returns, which then belong to the caller.
 *
 * @throws what the work or `pause` throws, after everything was disposed.
 * @example
 * const [g] = await scopeInSteps(() => gradSteps(y, [x]), async () => signal.throwIfAborted())
 */
export async function scopeInSteps<R>(work: () => Steps<R>, pause: () => Promise<void>): Promise<R> {
  const mine = new Set<Owned>()
  try {
    const steps = owning(mine, work)
    for (;;) {
      const step = owning(mine, () => steps.next())
      if (step.done === true) {
        for (const kept of ownedIn(step.value, mine)) mine.delete(kept)
        return step.value
      }
      await pause()
    }
  } finally {
    disposeAll(mine)
  }
}
