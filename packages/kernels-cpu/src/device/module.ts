import type { Run } from './executable.ts'

/** @throws {TypeError} unless it is a module of ours. */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): Run {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  const run = exports['run']
  if (typeof run !== 'function') throw new TypeError(`a module without the function 'run'`)
  return run as Run
}
