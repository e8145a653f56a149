import type { CodeStore } from '@equivar/core'
import type { ThreadData } from './worker.ts'

/** A thread of the host. */
export interface HostThread {
  /** Whether it is known to have ended; in Node also where no event could tell so yet. */
  isGone(): boolean
  /** Ends it, whatever it does. */
  terminate(): void
}

/** Number of threads that the machine runs at the same time. */
export function availableParallelism(): number {
  const number = typeof navigator === 'undefined' ? 1 : navigator.hardwareConcurrency
  return Number.isInteger(number) ? number : 1
}

/** Where the code of kernels is kept for later: in a folder, in Node; browsers keep none. */
export const openCodeStore: (folder?: string) => CodeStore | null = () => null

/**
 * Starts a thread. In browsers this is a worker made of the function's text; Node gets `node/platform.ts` instead of this module.
 *
 * @param loop text of a function of `ThreadData` and of what ends the thread at once.
 * @param ended is called when it has ended without being asked to, with the reason.
 */
export function startThread(loop: string, data: ThreadData, ended: (reason: string) => void): HostThread {
  // Minifiers of development servers call it to name functions; here it does nothing.
  const source = `const __name = (f) => f; onmessage = ({ data }) => { (${loop})(data, () => { close(); for (;;) {} }); close() }`
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  let isGone = false
  const worker = new Worker(url, { name: `equivar ${data.thread}` })
  worker.onerror = (event: Event & { readonly message?: string }) => {
    event.preventDefault()
    isGone = true
    URL.revokeObjectURL(url)
    worker.terminate()
    // A policy that forbids the worker gives an event without a message.
    ended(event.message ?? 'the page refuses workers made of text; allow worker-src blob: in its Content-Security-Policy')
  }
  worker.postMessage(data)
  return {
    isGone: () => isGone,
    terminate: () => {
      isGone = true
      URL.revokeObjectURL(url)
      worker.terminate()
    },
  }
}
