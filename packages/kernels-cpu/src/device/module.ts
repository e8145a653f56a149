import type { CodeStore } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { emit, type EmitOptions, emitterVersion } from '../wasm/index.ts'
import type { Block } from './allocator.ts'
import { dataBytes } from './data-bytes.ts'
import type { Run } from './executable.ts'
import type { LinearMemory } from './linear-memory.ts'

/** A module of a kernel, and what it exports. */
export interface LoadedModule {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly run: Run
}

/**
 * The kernel as a module over the memory: as an earlier process left it in the store, or made now and left there.
 *
 * @throws {KernelError} if the kernel breaks a rule of the language, or is too large for one function.
 */
export function loadModule(kernel: kernels.Kernel, options: EmitOptions, memory: WebAssembly.Memory, store: CodeStore | null): LoadedModule {
  // Only kernels that keep the rules have code in the store, so what is found needs no check of the kernel.
  const key = store && dataBytes([emitterVersion, options, kernel])
  const stored = key && store.read(key)
  const known = stored && whatFits(stored, memory)
  if (known) return known
  const bytes = emit(kernel, options)
  if (key) store.write(key, bytes)
  return { bytes, run: instantiate(bytes, memory) }
}

/** @throws {TypeError} unless it is a module of ours. */
function instantiate(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): Run {
  const module = new WebAssembly.Module(bytes)
  const exported = WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`)
  if (exported.join() !== 'function run') throw new TypeError(`a module with ${exported.join(', ')} and not just the function 'run'`)
  return new WebAssembly.Instance(module, { env: { memory } }).exports['run'] as Run
}

/** What was stored, if it is a module of ours; it can reach nothing but the memory, whatever it is. */
function whatFits(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): LoadedModule | null {
  try {
    return { bytes, run: instantiate(bytes, memory) }
  } catch {
    return null
  }
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
