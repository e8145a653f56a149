import type { Block } from './allocator.ts'
import type { Run } from './executable.ts'
import type { LinearMemory } from './linear-memory.ts'

/** @throws {TypeError} unless it is a module of ours. */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): Run {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  const run = exports['run']
  if (typeof run !== 'function') throw new TypeError(`a module without the function 'run'`)
  return run as Run
}

/** Bytes of memory in which other threads find a module. */
export function storedLength(bytes: Uint8Array): number {
  return 4 + bytes.length
}

/** Writes a module for other threads, its length in front; they compile it when they first need it, and the host shares the code. */
export function storeModule(bytes: Uint8Array, { address }: Block, memory: LinearMemory): void {
  memory.i32[address >>> 2] = bytes.length
  memory.bytes.set(bytes, address + 4)
}
