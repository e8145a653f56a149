import { InputError } from '@equivar/core'
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * A file that appears under its name only when it is complete: text goes to a hidden neighbour, {@link AtomicFile.commit}
 * renames it, {@link AtomicFile.discard} removes it. An existing file stays as it was until then.
 */
export class AtomicFile {
  readonly #path: string
  readonly #temporary: string
  readonly #handle: FileHandle
  #open = true

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.#path = path
    this.#temporary = temporary
    this.#handle = handle
  }

  /** @throws InputError when the path names something that is not a regular file; Node's own error when it cannot be written. */
  static async create(path: string): Promise<AtomicFile> {
    const target = await resolveTarget(path)
    const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.${Date.now().toString(36)}.tmp`)
    return new AtomicFile(target, temporary, await open(temporary, 'wx'))
  }

  async write(data: string | Uint8Array): Promise<void> {
    await this.#handle.writeFile(data)
  }

  /** Makes the file visible under its name, complete and on disk. */
  async commit(): Promise<void> {
    await this.#handle.sync()
    await this.#close()
    await rename(this.#temporary, this.#path)
  }

  /** Removes what was written; harmless after {@link AtomicFile.commit}. */
  async discard(): Promise<void> {
    await this.#close()
    await rm(this.#temporary, { force: true })
  }

  async #close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#handle.close()
  }
}

/** Follows a link, so that renaming replaces what it points to; refuses devices and folders, which a rename would destroy. */
async function resolveTarget(path: string): Promise<string> {
  const status = await stat(path).catch(() => null)
  if (status === null) return path
  if (!status.isFile()) throw new InputError(`cannot write ${path}: it is not a regular file`)
  return realpath(path)
}
