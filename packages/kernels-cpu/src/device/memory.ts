import { HeldMemory, type MemoryOwner } from '@equivar/core'
import type { Block } from './allocator.ts'

/** A block of the device's memory. */
export class CpuMemory extends HeldMemory {
  readonly block: Block

  constructor(owner: MemoryOwner, block: Block, byteLength: number) {
    super(owner, byteLength)
    this.block = block
  }
}
