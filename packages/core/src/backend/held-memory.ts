import type { DeviceMemory } from './contract.ts'

/** What is told when memory goes back: the device that handed it out, and which takes its own kind of memory. */
export interface MemoryOwner {
  released(memory: HeldMemory): void
  /** Nobody can use it any more. */
  freed(memory: HeldMemory): void
}

/** Memory of a device, for backends to extend. It is alive until released and until nothing that was recorded uses it. */
export class HeldMemory implements DeviceMemory {
  readonly byteLength: number
  readonly owner: MemoryOwner
  #isReleased = false
  #numHolders = 1

  constructor(owner: MemoryOwner, byteLength: number) {
    this.owner = owner
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
