import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Structure } from '@equivar/mace'
import type { CaseInput, Dtype } from '../cases/case.ts'
import { modelOf, type Assets } from '../cases/seeded.ts'
import type { Opponent } from '../measure/opponent.ts'
import { FolderArrays } from './folder-arrays.ts'

/** What `peers.py` made of a case. */
export interface BuiltCase {
  readonly arrays: Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[] }>>
  /** (library, pass) */
  readonly passes: readonly (readonly [string, string])[]
  readonly meta: Readonly<Record<string, unknown>>
  /** Libraries that failed, and why. */
  readonly errors: Readonly<Record<string, string>>
}

export interface PeerOptions {
  readonly python: string
  readonly script: string
  readonly threads: number
  readonly device: 'cpu' | 'cuda'
  readonly models: string
  readonly structures: string
}

/** Whether processes can be stopped and continued. */
const canStop = process.platform !== 'win32'

/**
 * A Python process with the libraries of one environment, which runs what it is asked, one command at a time. Between two answers
 * it is stopped: threads of its libraries that wait for more work by looking for it would take the processor from whoever is measured then.
 */
export class Peer {
  readonly #process: ChildProcess
  readonly #waiting: ((line: string | null) => void)[] = []

  constructor({ python, script, threads, device, models, structures }: PeerOptions) {
    const options = ['--threads', String(threads), '--device', device, '--models', models, '--structures', structures]
    this.#process = spawn(python, [script, ...options], { stdio: ['pipe', 'pipe', 'ignore'] })
    if (!this.#process.stdout) throw new Error('the peer has no standard output')
    const lines = createInterface({ input: this.#process.stdout })
    lines.on('line', (line) => this.#waiting.shift()?.(line))
    lines.on('close', () => {
      for (const settle of this.#waiting.splice(0)) settle(null)
    })
  }

  versions(): Promise<Readonly<Record<string, string>>> {
    return this.#ask<Readonly<Record<string, string>>>({ cmd: 'versions' })
  }

  build(name: string, dtype: string, folder: string): Promise<BuiltCase> {
    return this.#ask<BuiltCase>({ cmd: 'build', case: name, dtype, folder })
  }

  /** Milliseconds of `count` runs. */
  async sample(lib: string, pass: string, count: number): Promise<readonly number[]> {
    const { times } = await this.#ask<{ readonly times: readonly number[] }>({ cmd: 'sample', lib, pass, count })
    return times
  }

  async drop(): Promise<void> {
    await this.#ask<object>({ cmd: 'drop' })
  }

  close(): void {
    // The only signal that ends a stopped process.
    this.#process.kill('SIGKILL')
  }

  async #ask<T>(command: object): Promise<T> {
    const answer = new Promise<string | null>((resolve) => this.#waiting.push(resolve))
    if (canStop) this.#process.kill('SIGCONT')
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`)
    const line = await answer
    if (canStop) this.#process.kill('SIGSTOP')
    if (line === null) throw new Error(`the peer ended at ${JSON.stringify(command)}`)
    const parsed = JSON.parse(line) as T & { readonly error?: string }
    if (parsed.error !== undefined) throw new Error(`the peer failed at ${JSON.stringify(command)}: ${parsed.error}`)
    return parsed
  }
}

interface StructureRecord {
  readonly numbers: readonly number[]
  readonly positions: readonly (readonly number[])[]
  readonly cell: readonly (readonly number[])[] | null
  readonly pbc: readonly [boolean, boolean, boolean]
}

/** A case as an environment made it. */
export interface PythonCase {
  readonly opponent: Opponent
  /** Complete where a library of the environment knows the case. */
  readonly input: CaseInput
  readonly errors: BuiltCase['errors']
}

/** Lets an environment make a case, in a folder that is made for it. */
export async function buildPythonCase(peer: Peer, name: string, dtype: Dtype, folder: string, assets: Assets): Promise<PythonCase> {
  mkdirSync(folder)
  const { arrays: known, passes, meta, errors } = await peer.build(name, dtype, folder)
  const arrays = new FolderArrays(folder, known)
  const records = (meta['structures'] ?? []) as readonly StructureRecord[]
  const structures = records.map(({ numbers, positions, cell, pbc }) => new Structure({ atomicNumbers: numbers, positions, ...(cell ? { cell } : {}), pbc }))
  const file = meta['model']
  const model = async () => (typeof file === 'string' ? new Uint8Array(await readFile(join(folder, file))) : assets.model(modelOf(name)))
  return {
    opponent: { passes, outputs: arrays, sample: (library, pass, count) => peer.sample(library, pass, count) },
    input: { name, dtype, arrays, structures, meta, model },
    errors,
  }
}
