import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Driver } from '../../src/native/driver.ts'
import { loadAddon } from '../../src/node/addon.ts'

/** Paths of what native/build.mjs makes. */
export interface Built {
  readonly addon: string
  readonly stub: string
  readonly sanitizedAddon: string
  readonly sanitizedStub: string
}

/** The driver for tests, which is a module of Node as well: native/stub/control.cpp. */
export interface Stub {
  /** After `skip` others, a call of this function of the driver ends with the status; a sticky one stays. */
  fail(symbol: string, status: number, skip: number): void
  /** Forgets failures; how many did not happen. */
  clear(): number
  /** Nothing in any stream gets done until `go`. */
  hold(): void
  go(): void
  setTotalBytes(bytes: number): void
  /** How often each function was called. */
  calls(): Readonly<Record<string, number>>
  /** What a caller must not do and did. */
  takeViolations(): readonly string[]
  /** Launches that were run, as `name grid threads shared parameters`. */
  takeLog(): readonly string[]
  /** How often a caller was made to wait for the device. */
  waits(): number
  /** How many of each kind are alive. */
  live(): Readonly<Record<string, number>>
}

/** Builds where something has changed. */
export function build(): Built {
  const script = fileURLToPath(new URL('../../native/build.mjs', import.meta.url))
  return JSON.parse(execFileSync(process.execPath, [script, '--tests'], { encoding: 'utf8' })) as Built
}

export function loadStub(path: string): Stub {
  return createRequire(import.meta.url)(path) as Stub
}

/** A driver over the stub, and the stub. */
export function stubbed({ addon, stub }: Built): { readonly driver: Driver; readonly stub: Stub } {
  return { driver: loadAddon({ addon, library: stub }).driver, stub: loadStub(stub) }
}

/** Counts of {@link Stub.live} when everything was given back. */
export const nothing = { contexts: 0, events: 0, executables: 0, graphs: 0, links: 0, memory: 0, modules: 0, pinned: 0, streams: 0 }
