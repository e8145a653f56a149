import type { DeviceMemory } from '@equivar/core'
import type { Address } from '../native/driver.ts'

/** What is told when memory goes back. */
export interface MemoryOwner {
  released(memory: CudaMemory): void
  /** Nobody can use it any more. */
  freed(memory: CudaMemory): void
}

/** Memory of the device. It is alive until released and until nothing that was recorded uses it. */
export class CudaMemory implements DeviceMemory {
  readonly byteLength: number
  readonly address: Address
  readonly owner: MemoryOwner
  #isReleased = false
  #numHolders = 1

  constructor(owner: MemoryOwner, address: Address, byteLength: number) {
    this.owner = owner
    this.address = address
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
