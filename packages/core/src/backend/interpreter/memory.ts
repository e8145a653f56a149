import type { DeviceMemory } from '../contract.ts'

/** What the device counts. */
export interface MemoryAccount {
  released(memory: InterpreterMemory): void
  freed(memory: InterpreterMemory): void
}

/** Bytes on the host. They are alive until released and until nothing that was recorded uses them. */
export class InterpreterMemory implements DeviceMemory {
  readonly byteLength: number
  readonly owner: MemoryAccount
  #bytes: ArrayBuffer
  #isReleased = false
  #numHolders = 1

  constructor(owner: MemoryAccount, byteLength: number) {
    this.owner = owner
    this.byteLength = byteLength
    this.#bytes = new ArrayBuffer(byteLength)
    // Undefined contents: not a number, or no index.
    new Uint8Array(this.#bytes).fill(0xff)
  }

  get isReleased(): boolean {
    return this.#isReleased
  }

  get bytes(): ArrayBuffer {
    return this.#bytes
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.owner.released(this)
    this.letGo()
  }

  /** Something that was recorded uses the memory. */
  hold(): void {
    this.#numHolders++
  }

  letGo(): void {
    if (--this.#numHolders > 0) return
    this.owner.freed(this)
    this.#bytes = new ArrayBuffer(0)
  }
}
