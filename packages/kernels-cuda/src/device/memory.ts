import { HeldMemory, type MemoryOwner } from '@equivar/core'
import type { Address } from '../native/driver.ts'

/** Memory of the GPU. */
export class CudaMemory extends HeldMemory {
  readonly address: Address

  constructor(owner: MemoryOwner, address: Address, byteLength: number) {
    super(owner, byteLength)
    this.address = address
  }
}
