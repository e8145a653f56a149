import { HeldMemory, type MemoryOwner } from '@equivar/core'
import type { Block } from './pool.ts'

/** A buffer of the graphics card. */
export class WebgpuMemory extends HeldMemory {
  readonly block: Block
  /** Whether the buffer was made by somebody else, who destroys it. */
  readonly isForeign: boolean

  constructor(owner: MemoryOwner, block: Block, byteLength: number, isForeign = false) {
    super(owner, byteLength)
    this.block = block
    this.isForeign = isForeign
  }
}
