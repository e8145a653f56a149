import type { DeviceMemory } from '@equivar/core'
import type { Block } from './allocator.ts'

/** What is told when memory goes back. */
export interface MemoryOwner {
  released(memory: CpuMemory): void
  /** Nobody can use it any more. */
  freed(memory: CpuMemory): void
}

/** A block of the device's memory. It is alive until released and until nothing that was recorded uses it. */
export class CpuMemory implements DeviceMemory {
  readonly byteLength: number
  readonly block: Block
  readonly owner: MemoryOwner
  #isReleased = false
  #numHolders = 1

  constructor(owner: MemoryOwner, block: Block, byteLength: number) {
    this.owner = owner
    this.block = block
    this.byteLength = byteLength
  }

  get isReleased(): boolean {
    return this.#isReleased
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
    if (--this.#numHolders === 0) this.owner.freed(this)
  }
}
