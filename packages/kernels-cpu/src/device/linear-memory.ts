import { DeviceError } from '@equivar/core'
import { Allocator, type Block, blockAlignment, blockSize } from './allocator.ts'

export const pageSize = 65536
/** Pages that 32-bit addresses reach. */
export const maxPages = 65536
/** Nothing begins at address 0, and behind every block there are readable bytes, so the last ones are given to nobody. */
const [reservedAtStart, reservedAtEnd] = [blockAlignment, 2 * blockAlignment]

export interface LinearMemoryOptions {
  readonly isShared: boolean
  /** Most bytes that it may grow to. */
  readonly maxBytes: number
}

/**
 * WebAssembly memory that grows on demand, divided into blocks aligned to 64 bytes. Behind every block at least 64 bytes can be
 * read, whoever owns them. The host never takes memory back; what is released serves again.
 */
export class LinearMemory {
  readonly memory: WebAssembly.Memory
  readonly maxBytes: number
  readonly #allocator = new Allocator(reservedAtStart)
  #bytes: Uint8Array
  #i32: Int32Array
  #f32: Float32Array
  #f64: Float64Array

  /** @throws {DeviceError} if the host has no memory at all. */
  constructor({ isShared, maxBytes }: LinearMemoryOptions) {
    let pages = Math.min(Math.max(Math.floor(maxBytes / pageSize), 1), maxPages)
    this.memory = createMemory(pages, isShared, (fewer) => (pages = fewer))
    this.maxBytes = pages * pageSize
    this.#bytes = new Uint8Array(this.memory.buffer)
    this.#i32 = new Int32Array(this.memory.buffer)
    this.#f32 = new Float32Array(this.memory.buffer)
    this.#f64 = new Float64Array(this.memory.buffer)
    this.#adopt()
  }

  /** Views of all of it, good until it grows. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  get i32(): Int32Array {
    return this.#i32
  }

  get f32(): Float32Array {
    return this.#f32
  }

  get f64(): Float64Array {
    return this.#f64
  }

  get byteLength(): number {
    return this.#bytes.length
  }

  /** Bytes of the largest block that there can ever be. */
  get maxBlockBytes(): number {
    return this.maxBytes - reservedAtStart - reservedAtEnd
  }

  /** A block of at least so many bytes; the memory grows if it must. `null` if the host refuses. */
  take(byteLength: number): Block | null {
    const block = this.#allocator.take(byteLength)
    if (block) return block
    if (!this.#grow(blockSize(byteLength) - this.#allocator.freeAtEnd)) return null
    return this.#allocator.take(byteLength)
  }

  give(block: Block): void {
    this.#allocator.give(block)
  }

  /** Grows by so many bytes, and a share of what is there so that it does not happen often, if the host lets it. */
  #grow(byteLength: number): boolean {
    const atLeast = Math.ceil(byteLength / pageSize)
    const left = (this.maxBytes - this.byteLength) / pageSize
    if (atLeast > left) return false
    const share = Math.ceil(Math.min(this.byteLength / 4, 2 ** 28) / pageSize)
    const wished = Math.min(Math.max(atLeast, share), left)
    for (const pages of new Set([wished, atLeast])) {
      try {
        this.memory.grow(pages)
      } catch {
        continue
      }
      this.#adopt()
      return true
    }
    return false
  }

  #adopt(): void {
    const { buffer } = this.memory
    this.#bytes = new Uint8Array(buffer)
    this.#i32 = new Int32Array(buffer)
    this.#f32 = new Float32Array(buffer)
    this.#f64 = new Float64Array(buffer)
    this.#allocator.extend(buffer.byteLength - reservedAtEnd)
  }
}

/** Hosts reserve addresses for all that memory may grow to, and some refuse; then it is tried with half. */
function createMemory(maximum: number, shared: boolean, take: (pages: number) => void): WebAssembly.Memory {
  for (let pages = maximum; ; pages = Math.ceil(pages / 2)) {
    try {
      take(pages)
      return new WebAssembly.Memory({ initial: 1, maximum: pages, shared })
    } catch (cause) {
      if (pages === 1) throw new DeviceError(`device 'cpu': the host refuses WebAssembly memory: ${String(cause)}`, { cause })
    }
  }
}
