import type { CheckedLaunch, Launch } from '@equivar/core'
import type { Job } from './executable.ts'

/** Work below which a launch is done before another thread could have begun to help, even if it is awake. */
const sharedWork = 30_000
/** Work for which it pays to wake threads that sleep. */
const wakingWork = 500_000
/** Work that is taken at once should take longer than taking it. */
const chunkWork = 10_000
/** Enough that nobody waits long for the last one. */
const chunksPerThread = 8

/** How a launch is divided among threads. */
export function divide(launch: Launch, { numPrograms }: CheckedLaunch, threads: number): Pick<Job, 'numPrograms' | 'chunk' | 'work' | 'wakes'> {
  const work = launch.work ?? estimate(launch)
  if (threads === 1 || numPrograms < 2 || work < sharedWork) return { numPrograms, chunk: numPrograms, work, wakes: false }
  const chunks = Math.min(numPrograms, threads * chunksPerThread, Math.max(threads, work / chunkWork))
  return { numPrograms, chunk: Math.ceil(numPrograms / chunks), work, wakes: work >= wakingWork }
}

/** The elements that a launch could touch once, where it was not said what it does. */
function estimate({ buffers }: Launch): number {
  return buffers.reduce((sum, { byteLength }) => sum + byteLength / 4, 0)
}

/** Jobs that are too small to wake threads each, but are not when they come one after another. */
export function divideSequence(jobs: readonly Job[]): readonly Job[] {
  let coming = 0
  return jobs
    .toReversed()
    .map((job) => {
      const isShared = job.chunk < job.numPrograms
      // Threads fall asleep while the calling one is long at something alone.
      if (isShared) coming += job.work
      else if (job.work >= wakingWork) coming = 0
      return isShared && coming >= wakingWork ? { ...job, wakes: true } : job
    })
    .toReversed()
}
