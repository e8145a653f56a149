/**
 * What threads tell each other, as positions of 32-bit numbers behind the control block's beginning. What several threads write
 * often has a cache line of its own.
 */
export const control = {
  /** Odd while a job can be joined; every change wakes those who sleep. */
  epoch: 0,
  /** Next chunk that nobody has taken. */
  next: 16,
  /** Threads that sleep, or are about to. */
  sleepers: 32,
  /** Threads that came up. */
  started: 33,
  /** Not 0 when all threads shall end. */
  stop: 34,
  /** Not 0 while the calling thread sleeps until others leave a job. */
  isAwaited: 35,
  /** Number of the thread whose program stopped with an error; 0 if none. */
  failed: 36,
  /** The job: address of the module, of the arguments of thread 0, bytes to those of the next, programs, programs a chunk. */
  job: 48,
  /** Of every thread: 0 outside of a job, 1 looking at it, 2 running its programs. One cache line each. */
  states: 64,
  stateStride: 16,
} as const

/** Numbers of a control block for so many threads. */
export function controlLength(threads: number): number {
  return control.states + threads * control.stateStride
}

/** How a thread of a test dies; in life nobody asks for it. */
export type ThreadFault = 'dies at once' | 'dies in a chunk' | 'fails in a chunk'

/** What a thread is given when it starts. */
export interface ThreadData {
  readonly memory: WebAssembly.Memory
  /** Address of the control block. */
  readonly address: number
  readonly control: typeof control
  /** Its number; the calling thread is 0. */
  readonly thread: number
  /** How long it looks for more work before it sleeps, in milliseconds. */
  readonly spinMs: number
  readonly fault: ThreadFault | null
}

/**
 * The life of a thread: it waits for jobs, takes chunks of their programs until none are left, and ends when it is told to.
 *
 * Its text is what a worker runs, so it stands for itself: nothing outside of the function is used.
 *
 * @param die ends the thread at once, as a host under pressure does.
 */
export function threadLoop({ memory, address, control: at, thread, spinMs, fault }: ThreadData, die: () => void): void {
  type Run = (args: number, first: number, last: number) => void
  const words = new Int32Array(memory.buffer, address)
  const state = at.states + thread * at.stateStride
  const runs = new Map<number, Run>()
  // Another thread may have made the memory grow, which this one does not see before it asks.
  const bytesAt = (start: number, length: number): Uint8Array<ArrayBuffer> => {
    if (memory.buffer.byteLength < start + length) memory.grow(0)
    return new Uint8Array(new Uint8Array(memory.buffer, start, length))
  }
  const compiled = (moduleAddress: number): Run => {
    const [length = 0] = new Uint32Array(bytesAt(moduleAddress, 4).buffer)
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytesAt(moduleAddress + 4, length)), { env: { memory } })
    return exports['run'] as Run
  }
  const leave = (): void => {
    Atomics.store(words, state, 0)
    if (Atomics.load(words, at.isAwaited) !== 0) Atomics.notify(words, state)
  }
  const waitBeyond = (seen: number): void => {
    const end = performance.now() + spinMs
    for (let look = 1; Atomics.load(words, at.epoch) === seen; look++) {
      if (look % 64 !== 0 || performance.now() < end) continue
      Atomics.add(words, at.sleepers, 1)
      Atomics.wait(words, at.epoch, seen)
      Atomics.sub(words, at.sleepers, 1)
      return
    }
  }

  if (fault === 'dies at once') die()
  Atomics.add(words, at.started, 1)
  let seen = 0
  for (;;) {
    waitBeyond(seen)
    if (Atomics.load(words, at.stop) !== 0) return
    // Whoever says first that it is here, and then still finds the job open, is waited for; the job stays as it is until it leaves.
    Atomics.store(words, state, 1)
    const epoch = Atomics.load(words, at.epoch)
    if (epoch % 2 === 0) {
      leave()
      seen = epoch
      continue
    }
    const moduleAddress = Atomics.load(words, at.job) >>> 0
    const run = runs.get(moduleAddress)
    if (!run) {
      // Nobody waits for a compilation. Modules stay where they are as long as threads live.
      leave()
      runs.set(moduleAddress, compiled(moduleAddress))
      continue
    }
    const args = (Atomics.load(words, at.job + 1) >>> 0) + thread * Atomics.load(words, at.job + 2)
    const [numPrograms, chunk] = [Atomics.load(words, at.job + 3), Atomics.load(words, at.job + 4)]
    Atomics.store(words, state, 2)
    try {
      for (;;) {
        const first = Atomics.add(words, at.next, 1) * chunk
        if (first >= numPrograms) break
        if (fault === 'dies in a chunk') die()
        if (fault === 'fails in a chunk') throw new Error('a fault that was asked for')
        run(args, first, Math.min(first + chunk, numPrograms))
      }
    } catch {
      Atomics.store(words, at.failed, thread)
    }
    leave()
    seen = epoch
  }
}
