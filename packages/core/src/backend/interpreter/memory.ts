import { HeldMemory, type MemoryOwner } from '../held-memory.ts'

/** Bytes on the host. */
export class InterpreterMemory extends HeldMemory {
  #bytes: ArrayBuffer

  constructor(owner: MemoryOwner, byteLength: number) {
    super(owner, byteLength)
    this.#bytes = new ArrayBuffer(byteLength)
    // Undefined contents: not a number, or no index.
    new Uint8Array(this.#bytes).fill(0xff)
  }

  get bytes(): ArrayBuffer {
    return this.#bytes
  }

  /** Forgets the bytes, once nobody can use them. */
  clear(): void {
    this.#bytes = new ArrayBuffer(0)
  }
}
