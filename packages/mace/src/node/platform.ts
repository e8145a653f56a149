import { InputError } from '@equivar/core'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { OpenFile } from '../load/platform.ts'

const chunkSize = 2 ** 20

/**
 * Opens a regular file by path or `file:` URL.
 *
 * @throws {InputError} when there is none, or it cannot be read.
 */
export async function openFile(path: string | URL): Promise<OpenFile> {
  try {
    const handle = await open(path instanceof URL ? fileURLToPath(path) : path, 'r')
    const status = await handle.stat()
    if (status.isFile()) return { size: status.size, chunks: handle.createReadStream({ highWaterMark: chunkSize }) }
    await handle.close()
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? 'there is no such file' : String(cause instanceof Error ? cause.message : cause)
    throw new InputError(`load: '${String(path)}' cannot be read: ${reason}`, { cause })
  }
  throw new InputError(`load: '${String(path)}' is not a file`)
}
