import type { CodeStore } from '@equivar/core'
import { openCodeStore as openIn } from '@equivar/core/node'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { HostThread } from '../device/platform.ts'
import type { ThreadData } from '../device/worker.ts'

export { availableParallelism }

const maxCacheBytes = 2 ** 26

/** Where the code of kernels is kept for later processes: in the folder, or where the user's caches are. */
export function openCodeStore(folder?: string): CodeStore | null {
  return openIn('kernels-cpu', maxCacheBytes, folder)
}

/** Starts a worker thread made of the function's text; it does not keep the process alive. */
export function startThread(loop: string, data: ThreadData, ended: (reason: string) => void): HostThread {
  const source = `const __name = (f) => f; (${loop})(require('node:worker_threads').workerData, () => process.exit(1))`
  const worker = new Worker(source, { eval: true, workerData: data, execArgv: [], name: `equivar ${data.thread}` })
  worker.unref()
  let [isOnline, isGone, isAsked] = [false, false, false]
  let reason = 'it ended'
  worker.on('online', () => {
    isOnline = true
  })
  worker.on('error', (error) => {
    reason = error instanceof Error ? error.message : String(error)
  })
  worker.on('exit', () => {
    isGone = true
    if (!isAsked) ended(reason)
  })
  return {
    // Events do not arrive while the calling thread waits. But a thread that is known to be there has a clock, and one that has ended has none.
    isGone: () => {
      if (isGone || !isOnline) return isGone
      const { idle, active } = worker.performance.eventLoopUtilization()
      return idle < 0 || active === 0
    },
    terminate: () => {
      isAsked = true
      void worker.terminate()
    },
  }
}
