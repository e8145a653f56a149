interface Amount {
  readonly buffers: number
  readonly bytes: number
}

/**
 * Handles that nobody holds give memory back when they are collected, but a collector sees how small they are and not what hangs on them: a
 * program may fill its device before it is looked at. So the collector is asked to look when more is held than ever before; where it finds
 * a good part of that, it is asked again as soon as as much is held, else when there is twice as much. What it finds goes back when the caller
 * waits for elements ({@link afterCollection}).
 */
const slack: Amount = { buffers: 1000, bytes: 2 ** 26 }
const goodPart = 0.25
/**
 * There is no way of asking but to make a buffer of so many bytes, which is never touched and so costs nothing: V8 collects everything at once
 * where buffers exceed half of what its heap may grow to. Other engines count buffers likewise. Smaller ones where the host has no such room.
 */
const hints = [2 ** 32, 2 ** 31, 2 ** 30, 2 ** 28]

const none: Amount = { buffers: 0, bytes: 0 }
let held = none
let limits = slack
/** What was held when the collector was asked last, and what it has found since. */
let asked = none
let found = none
let isAsked = false
let isFound = false
/** When a task was ended last, in milliseconds, and how long one may go on. */
let ended = 0
const longTask = 100
// What is found goes back in tasks of its own, so that it is known a task later.
const visits = new FinalizationRegistry(() => setTimeout(settle, 0))

/** Number of buffers that are held at this moment. */
export function heldBuffers(): number {
  return held.buffers
}

/** Takes note that so many buffers, and bytes that the collector does not see, are held more, or less. */
export function hold(buffers: number, bytes: number): void {
  held = { buffers: held.buffers + buffers, bytes: held.bytes + bytes }
  if (isFound) found = { buffers: found.buffers - buffers, bytes: found.bytes - bytes }
  if (held.buffers <= limits.buffers && held.bytes <= limits.bytes) return
  limits = { buffers: 2 * held.buffers + slack.buffers, bytes: 2 * held.bytes + slack.bytes }
  asked = held
  found = none
  askForCollection()
}

/** Runs what gives back a thing that the collector found. */
export function foundByCollector(release: () => void): void {
  isFound = true
  release()
  isFound = false
}

/**
 * Ends the task at times. What was collected goes back between tasks, and a loop that awaits elements which are there already would never end
 * one; neither would timers, signals and pages be served.
 */
export async function afterCollection(): Promise<void> {
  const now = performance.now()
  if (!isAsked && now - ended < longTask) return
  isAsked = false
  await new Promise((resolve) => setTimeout(resolve, 0))
  ended = performance.now()
}

function settle(): void {
  if (found.buffers >= goodPart * asked.buffers) limits = { ...limits, buffers: Math.max(asked.buffers, slack.buffers) }
  if (found.bytes >= goodPart * asked.bytes) limits = { ...limits, bytes: Math.max(asked.bytes, slack.bytes) }
}

function askForCollection(): void {
  isAsked = true
  visits.register({}, undefined)
  for (const hint of hints)
    try {
      if (new ArrayBuffer(hint).byteLength === hint) return
    } catch {
      // Then with the next one; where there is no room for any, the collector is at work already.
    }
}
