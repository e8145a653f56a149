import { InputError } from '@equivar/core'
import { open, type FileHandle } from 'node:fs/promises'

/**
 * A file that grows by whole records. What fails to be written is taken away again; where the process was killed in the middle of a record,
 * {@link AppendFile.reopen} cuts it off.
 */
export class AppendFile {
  readonly #path: string
  readonly #handle: FileHandle
  #length: number

  private constructor(path: string, handle: FileHandle, length: number) {
    this.#path = path
    this.#handle = handle
    this.#length = length
  }

  /** @throws {InputError} if there is such a file already. @throws Node's own error when it cannot be written. */
  static async create(path: string): Promise<AppendFile> {
    try {
      return new AppendFile(path, await open(path, 'wx'), 0)
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
        throw new InputError(`${path} is there already; give another name, remove it, or go on with --resume`, { cause })
      throw cause
    }
  }

  /**
   * Goes on behind the first `length` bytes; what follows them is cut off.
   *
   * @throws {InputError} if the file is shorter. @throws Node's own error when it is absent or cannot be written.
   */
  static async reopen(path: string, length: number): Promise<AppendFile> {
    const handle = await open(path, 'r+')
    const { size } = await handle.stat()
    if (size < length) {
      await handle.close()
      throw new InputError(`${path} has ${size} bytes, its checkpoint was written when it had ${length}; restore it, or start anew without --resume`)
    }
    await handle.truncate(length)
    return new AppendFile(path, handle, length)
  }

  /** Bytes of whole records. */
  get length(): number {
    return this.#length
  }

  /** @throws {InputError} with the reason if there is no space for it; the file is then as before. */
  async append(record: string): Promise<void> {
    const bytes = new TextEncoder().encode(record)
    try {
      for (let done = 0; done < bytes.length; ) done += (await this.#handle.write(bytes, done, bytes.length - done, this.#length + done)).bytesWritten
    } catch (cause) {
      await this.#handle.truncate(this.#length)
      throw new InputError(`${this.#path} cannot be written on: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
    this.#length += bytes.length
  }

  /** Resolves when all records are on disk. */
  async sync(): Promise<void> {
    await this.#handle.sync()
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
