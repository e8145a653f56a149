/** Longest time that long work keeps the event loop to itself, in milliseconds. */
const longestTurn = 40

let turnBegan = 0

/** @throws the signal's reason when it is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  signal?.throwIfAborted()
}

/** Lets other tasks run when it is time for that, then looks at the signal. @throws the signal's reason. */
export async function pauseIfDue(signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal)
  if (performance.now() - turnBegan < longestTurn) return
  await new Promise<void>((resolve) => setTimeout(resolve, 0))
  turnBegan = performance.now()
  throwIfAborted(signal)
}
