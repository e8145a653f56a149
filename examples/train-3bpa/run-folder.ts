import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Where a training keeps its files: each is there whole, or as it was before, at whatever moment the process ends. */
export class RunFolder {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async open(path: string): Promise<RunFolder> {
    await mkdir(path, { recursive: true })
    // What an interrupted write left behind.
    for (const name of await readdir(path)) if (name.endsWith('.part')) await rm(join(path, name))
    return new RunFolder(path)
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.path, name))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Written beside its place, forced to the disk, and put there by a rename, which is one step. */
  async write(name: string, content: Uint8Array | string): Promise<void> {
    const part = join(this.path, `${name}.part`)
    const file = await open(part, 'w')
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, join(this.path, name))
  }
}
