import type { Driver } from '../../src/native/driver.ts'
import { DriverError } from '../../src/native/driver-error.ts'
import { nothing, type Stub } from './built.ts'
import { useEverything } from './everything.ts'

/** Functions that give something back. Where they fail it stays, and where that was not asked for nobody hears of it. */
const destroyers = /^cu(?:StreamDestroy|EventDestroy|ModuleUnload|GraphDestroy|GraphExecDestroy|MemFree|MemFreeHost|LinkDestroy|DevicePrimaryCtxRelease)(?:_v2)?$/

/** Functions without which the addon goes on: it asks again, or sets what it could not ask for. */
const dispensable = /^cu(?:CtxGetCurrent|CtxSetCurrent|StreamQuery|EventQuery)$/

/** Functions that come before giving something back: where they fail it stays, as if that had failed. Whose call fails depends on threads. */
const entries = /^cuCtxSetCurrent$/

const outOfMemory = 2
/** Statuses that make a context unusable, of those that are used here. */
const sticky: readonly number[] = [700, 719, 999]

export interface FailureCounts {
  /** Failures that were brought about, and of them those that came out as an error. */
  readonly failures: number
  readonly errors: number
  /** What should not be, in words. */
  readonly mistakes: readonly string[]
}

/**
 * Makes every function of the driver that {@link useEverything} comes to fail once in each run, at its first, second and last call, and
 * looks at what comes of it: a `DriverError` that names the call and the status, and nothing left alive.
 */
export async function failEverywhere(driver: Driver, stub: Stub, statuses: readonly number[]): Promise<FailureCounts> {
  const before = stub.calls()
  await useEverything(driver)
  const after = stub.calls()
  const mistakes: string[] = []
  let [failures, errors] = [0, 0]
  let left = await settled(stub, nothing)
  for (const [symbol, total] of Object.entries(after)) {
    const count = total - (before[symbol] ?? 0)
    for (const skip of new Set([0, 1, count - 1].filter((skip) => skip >= 0 && skip < count))) {
      for (const status of statuses) {
        const what = `${symbol}, call ${skip + 1} of ${count}, status ${status}`
        stub.fail(symbol, status, skip)
        const error = await useEverything(driver).then(() => null, (reason: unknown) => reason)
        // How often events are asked about depends on the time that things take.
        if (stub.clear() > 0) continue
        failures++
        if (error !== null) errors++
        const name = symbol.replace(/_v2$/, '').replace(/WithFlags$/, '')
        if (error === null) {
          const isFine = destroyers.test(symbol) || dispensable.test(symbol) || (name === 'cuMemAlloc' && status === outOfMemory)
          if (!isFine) mistakes.push(`${what}: no error`)
        } else if (!(error instanceof DriverError && error.status === status && (error.call === name || sticky.includes(status)))) {
          mistakes.push(`${what}: ${error instanceof Error ? error.message : 'no error object'}`)
        }
        const mayLeave = destroyers.test(symbol) || entries.test(symbol) || sticky.includes(status)
        const now = await settled(stub, left)
        if (!mayLeave && JSON.stringify(now) !== JSON.stringify(left)) mistakes.push(`${what}: left alive ${JSON.stringify(now)} instead of ${JSON.stringify(left)}`)
        // What is unusable, or could not be destroyed, is used by nothing any more.
        left = now
        for (const violation of stub.takeViolations()) if (!sticky.includes(status)) mistakes.push(`${what}: ${violation}`)
      }
    }
  }
  return { failures, errors, mistakes }
}

/** What is alive once it is this, or after a while. */
async function settled(stub: Stub, expected: Readonly<Record<string, number>>): Promise<Readonly<Record<string, number>>> {
  const text = JSON.stringify(Object.entries(expected).sort())
  for (let k = 0; k < 50 && JSON.stringify(Object.entries(stub.live()).sort()) !== text; k++) await new Promise((resolve) => setTimeout(resolve, 1))
  return stub.live()
}
