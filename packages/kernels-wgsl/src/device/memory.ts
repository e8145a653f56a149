import type { DeviceMemory } from '@equivar/core'
import type { Block } from './pool.ts'

/** What is told when memory goes back. */
export interface MemoryOwner {
  released(memory: WebgpuMemory): void
  /** Nobody can use it any more. */
  freed(memory: WebgpuMemory): void
}

/** A buffer of the graphics card. It is alive until released and until nothing that was recorded uses it. */
export class WebgpuMemory implements DeviceMemory {
  readonly byteLength: number
  readonly block: Block
  readonly owner: MemoryOwner
  /** Whether the buffer was made by somebody else, who destroys it. */
  readonly isForeign: boolean
  #isReleased = false
  #numHolders = 1

  constructor(owner: MemoryOwner, block: Block, byteLength: number, isForeign = false) {
    this.owner = owner
    this.block = block
    this.byteLength = byteLength
    this.isForeign = isForeign
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
