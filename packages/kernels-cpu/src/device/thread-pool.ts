import { startThread } from '#platform'
import type { Job } from './executable.ts'
import type { LinearMemory } from './linear-memory.ts'
import type { HostThread } from './platform.ts'
import { control, controlLength, type ThreadFault, threadLoop } from './worker.ts'

/** How long the calling thread looks for others to finish before it sleeps. */
const spinMs = 0.06
/** How long a thread looks for more work before it sleeps: longer than most of what the calling thread does alone inside of a program. */
const idleSpinMs = 0.3
/** How long the calling thread sleeps before it looks whether those it waits for are alive. */
const sleepMs = 20
/** A thread that does not come back from its last chunk for so long is given up, where the host does not say whether it has ended. */
const patienceMs = 60_000

interface Member {
  readonly thread: number
  readonly host: HostThread
}

/**
 * Threads beside the calling one. A job is opened, everybody who is awake takes chunks of its programs from one counter, and when
 * none are left the calling thread closes it and waits for those who still run their last. Nobody is waited for who has not begun:
 * threads that start, sleep, compile or died while idle are only missed, as what is computed does not depend on who computes it.
 */
export class ThreadPool {
  readonly #memory: LinearMemory
  readonly #words: Int32Array
  readonly #address: number
  readonly #size: number
  readonly #fault: ThreadFault | null
  #members: Member[] = []
  readonly #canBlock: boolean
  #epoch = 0
  #isStarted = false
  #refusal: string | null = null

  /** @param size number of threads, the calling one included. */
  constructor(memory: LinearMemory, address: number, size: number, fault: ThreadFault | null) {
    this.#memory = memory
    this.#address = address
    this.#size = size
    this.#fault = fault
    this.#words = new Int32Array(memory.memory.buffer, address, controlLength(size))
    this.#words.fill(0)
    this.#canBlock = canBlock(this.#words)
  }

  /** Threads that came up and did not end, the calling one included. */
  get numRunning(): number {
    return 1 + Math.min(Atomics.load(this.#words, control.started), this.#members.length)
  }

  /** Threads that run or may still come up, the calling one included. */
  get numExpected(): number {
    return 1 + this.#members.length
  }

  /** Why threads could not be started or ended; `null` if none did. */
  get refusal(): string | null {
    return this.#refusal
  }

  /** Starts the threads, once; they come up while the calling thread goes on. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    for (let thread = 1; thread < this.#size; thread++) {
      const data = { memory: this.#memory.memory, address: this.#address, control, thread, spinMs: idleSpinMs, fault: this.#fault }
      const ended = (reason: string): void => this.#forget(thread, reason)
      try {
        this.#members.push({ thread, host: startThread(threadLoop.toString(), data, ended) })
      } catch (error) {
        this.#refusal ??= error instanceof Error ? error.message : String(error)
        return
      }
    }
  }

  /** Whether somebody is awake to help. */
  get hasCompany(): boolean {
    return Atomics.load(this.#words, control.started) > Atomics.load(this.#words, control.sleepers)
  }

  /**
   * Runs a job with everybody who is awake, after those who sleep were woken, if that is worth it.
   *
   * @throws {Error} what the job's code throws on the calling thread, or that it failed or was left unfinished on another.
   */
  run({ run, moduleAddress, args, stride, numPrograms, chunk, wakes }: Job): void {
    const words = this.#words
    words[control.job] = moduleAddress
    words[control.job + 1] = args
    words[control.job + 2] = stride
    words[control.job + 3] = numPrograms
    words[control.job + 4] = chunk
    Atomics.store(words, control.next, 0)
    this.#turn()
    if (wakes) this.#wake()
    try {
      for (;;) {
        const first = Atomics.add(words, control.next, 1) * chunk
        if (first >= numPrograms) break
        run(args, first, Math.min(first + chunk, numPrograms))
      }
    } finally {
      this.#turn()
      this.#waitForAll()
    }
    const failed = Atomics.load(words, control.failed)
    if (failed !== 0) throw new Error(`it stopped on thread ${failed}`)
  }

  close(): void {
    Atomics.store(this.#words, control.stop, 1)
    Atomics.add(this.#words, control.epoch, 2)
    this.#wake()
    for (const { host } of this.#members) host.terminate()
    this.#members = []
  }

  /** A job can be joined from now on, or no more. */
  #turn(): void {
    Atomics.store(this.#words, control.epoch, (this.#epoch = (this.#epoch + 1) | 0))
  }

  #wake(): void {
    if (Atomics.load(this.#words, control.sleepers) > 0) Atomics.notify(this.#words, control.epoch)
  }

  /** Until nobody is in the job that was closed. */
  #waitForAll(): void {
    for (const member of this.#members) {
      const at = control.states + member.thread * control.stateStride
      if (Atomics.load(this.#words, at) !== 0) this.#waitFor(member, at)
    }
  }

  #waitFor({ thread, host }: Member, at: number): void {
    const words = this.#words
    const start = performance.now()
    for (let look = 1; Atomics.load(words, at) !== 0; look++) {
      if (look % 64 !== 0) continue
      const waited = performance.now() - start
      if (waited < spinMs) continue
      this.#sleep(at)
      // A host stops a thread a little after it says so.
      if (!host.isGone() && waited < patienceMs) continue
      this.#sleep(at)
      const state = Atomics.load(words, at)
      if (state === 2) throw new Error(`thread ${thread} ${waited < patienceMs ? 'ended' : 'did not come back'} while it ran programs`)
      if (state === 1) this.#forget(thread, 'it ended')
      return
    }
  }

  /** Until the thread changes its state, or a little while. */
  #sleep(at: number): void {
    if (!this.#canBlock) return
    const words = this.#words
    Atomics.store(words, control.isAwaited, 1)
    const state = Atomics.load(words, at)
    if (state !== 0) Atomics.wait(words, at, state, sleepMs)
    Atomics.store(words, control.isAwaited, 0)
  }

  #forget(thread: number, reason: string): void {
    this.#refusal ??= reason
    this.#members = this.#members.filter((member) => member.thread !== thread)
  }
}

/** Whether the calling thread may sleep; a page's main thread may not. */
function canBlock(words: Int32Array): boolean {
  try {
    Atomics.wait(words, control.stop, 1)
    return true
  } catch {
    return false
  }
}
