import { InputError } from '@equivar/core'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { OpenFile } from '../load/platform.ts'

const chunkSize = 2 ** 20

/**
 * Finds a regular file by path or `file:` URL; it is opened when its chunks are asked for.
 *
 * @throws {InputError} when there is none, or it cannot be read.
 */
export async function openFile(path: string | URL): Promise<OpenFile> {
  try {
    const location = path instanceof URL ? fileURLToPath(path) : path
    const status = await stat(location)
    if (status.isFile()) return { size: status.size, chunks: readChunks(location) }
  } catch (cause) {
    throw unreadable(String(path), cause)
  }
  throw new InputError(`load: '${String(path)}' is not a file`)
}

async function* readChunks(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = createReadStream(path, { highWaterMark: chunkSize })
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) yield chunk
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    stream.destroy()
  }
}

function unreadable(path: string, cause: unknown): InputError {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
  const reason = isMissing ? 'there is no such file' : cause instanceof Error ? cause.message : String(cause)
  return new InputError(`load: '${path}' cannot be read: ${reason}`, { cause })
}
