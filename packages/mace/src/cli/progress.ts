import type { Writable } from 'node:stream'

export interface Progress {
  /** Number of items done so far. */
  update(done: number): void
  /** Takes the bar off the screen. */
  stop(): void
}

const silent: Progress = { update: () => undefined, stop: () => undefined }

/** A bar with rate and time left on a terminal; nothing anywhere else. */
export async function startProgress(stream: Writable & { readonly isTTY?: boolean | undefined }, total: number, unit: string): Promise<Progress> {
  if (stream.isTTY !== true) return silent
  const { default: progress } = await import('cli-progress')
  const bar = new progress.SingleBar({
    stream,
    format: `{bar} {percentage}% | {value}/{total} ${unit} | {rate}/s | {eta_formatted} left`,
    barCompleteChar: '━',
    barIncompleteChar: '╌',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    etaBuffer: 20,
  })
  const began = performance.now()
  bar.start(total, 0, { rate: '–' })
  return {
    update: (done) => {
      const rate = done / ((performance.now() - began) / 1000)
      bar.update(done, { rate: rate < 10 ? rate.toFixed(1) : rate.toFixed(0) })
    },
    stop: () => {
      bar.stop()
    },
  }
}
