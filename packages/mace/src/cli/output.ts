import type { Writable } from 'node:stream'

/** Writes all of a text, waiting where the reader is slow. A reader that went away is no error: there is nobody left to tell. */
export async function writeText(stream: Writable, text: string): Promise<void> {
  if (text === '' || stream.destroyed) return
  await new Promise<void>((resolve, reject) => {
    stream.write(text, (error) => {
      if (error === null || error === undefined || isBrokenPipe(error)) resolve()
      else reject(error)
    })
  })
}

export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED')
}

/** `1 step`, `2 steps`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
