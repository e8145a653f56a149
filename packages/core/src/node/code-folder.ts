import { createHash, randomUUID } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CodeStore } from '../backend/code-store.ts'

const digestLength = 32
const temporaryEnd = '.part'
/** A temporary file that is older was left by a process that died. */
const hour = 3_600_000

/**
 * Code in a folder, one file a kernel, named by the digest of its key: the code, and behind it a digest of name and code. A file is
 * written under another name and renamed, so readers see all of it or nothing, however many write. What is not as it was written is
 * replaced. The folder belongs to the user alone, as what is in it is run; another's is left alone.
 */
export class CodeFolder implements CodeStore {
  readonly #folder: string
  readonly #maxBytes: number
  #state: 'unknown' | 'good' | 'unusable' = 'unknown'
  #isWritable = true
  /** Bytes written since files were last counted. */
  #uncounted = Infinity

  /** @param maxBytes how much may be in it; beyond that the oldest files go. */
  constructor(folder: string, maxBytes: number) {
    this.#folder = folder
    this.#maxBytes = maxBytes
  }

  read(key: Uint8Array): Uint8Array<ArrayBuffer> | null {
    if (!this.#isOurs()) return null
    const name = digest(key)
    try {
      const content = readFileSync(join(this.#folder, name.toString('hex')))
      const code = content.subarray(0, -digestLength)
      return content.length > digestLength && digest(name, code).equals(content.subarray(-digestLength)) ? Uint8Array.from(code) : null
    } catch {
      return null
    }
  }

  write(key: Uint8Array, code: Uint8Array): void {
    if (!this.#isWritable || !this.#isOurs(true)) return
    const name = digest(key)
    const path = join(this.#folder, name.toString('hex'))
    const temporary = `${path}.${randomUUID()}${temporaryEnd}`
    try {
      writeFileSync(temporary, Buffer.concat([code, digest(name, code)]), { flag: 'wx', mode: 0o600 })
      renameSync(temporary, path)
      this.#uncounted += code.length + digestLength
      if (this.#uncounted > this.#maxBytes / 8) this.#removeOldest()
    } catch {
      this.#isWritable = false
      remove(temporary)
    }
  }

  /** Whether the folder is there, and nobody else can write to it; it is made if that is asked for. */
  #isOurs(isMade = false): boolean {
    if (this.#state === 'unknown' || (isMade && this.#state === 'unusable' && this.#isWritable)) this.#state = this.#look(isMade)
    return this.#state === 'good'
  }

  #look(isMade: boolean): 'good' | 'unusable' {
    try {
      if (isMade) makeFolder(this.#folder)
      const status = lstatSync(this.#folder)
      const { uid, mode } = status
      if (status.isDirectory() && (process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0))) return 'good'
    } catch {
      // It is not there, or not for us.
    }
    if (isMade) this.#isWritable = false
    return 'unusable'
  }

  #removeOldest(): void {
    const now = Date.now()
    const files = readdirSync(this.#folder).flatMap((name) => {
      const path = join(this.#folder, name)
      const status = statSync(path, { throwIfNoEntry: false })
      return status?.isFile() ? [{ path, size: status.size, time: status.mtimeMs }] : []
    })
    let total = 0
    for (const { path, size, time } of files.sort((a, b) => b.time - a.time)) {
      const isLeft = path.endsWith(temporaryEnd) && time < now - hour
      if (isLeft || total + size > this.#maxBytes) remove(path)
      else total += size
    }
    this.#uncounted = 0
  }
}

/**
 * Makes a folder and those around it. Node 20 has this too, but never returns where a file system says of every folder that it is not
 * there.
 */
function makeFolder(path: string): void {
  for (const folder of missingFolders(path)) {
    try {
      mkdirSync(folder, { mode: 0o700 })
    } catch (error) {
      // Another process was faster.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** The folders of a path that are not there, outer ones first. */
function missingFolders(path: string): readonly string[] {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined
  return isThere || dirname(path) === path ? [] : [...missingFolders(dirname(path)), path]
}

function digest(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // Somebody else's file stays.
  }
}
