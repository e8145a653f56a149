import type { DeviceError, DeviceStatistics } from '@equivar/core'
import { refusal } from './gpu.ts'

/** A buffer of the device, as large as its class of sizes. */
export interface Block {
  /** Different for each buffer. */
  readonly id: number
  readonly buffer: GPUBuffer
  readonly byteLength: number
}

const smallest = 256
/** Classes between one power of two and the next. */
const classesPerOctave = 8

let nextId = 0

/** Numbers a buffer, to tell it from others. */
export function blockOf(buffer: GPUBuffer): Block {
  return { id: nextId++, buffer, byteLength: buffer.size }
}

/** Sizes are rounded up, by an eighth at most, so that what was given back fits what is asked for next. */
function sizeClass(byteLength: number): number {
  if (byteLength <= smallest) return smallest
  const octave = 2 ** Math.floor(Math.log2(byteLength))
  const step = Math.max(smallest, octave / classesPerOctave)
  return Math.ceil(byteLength / step) * step
}

/** Buffers that were given back are taken again, in any order with what the device still does: it does one thing after another. */
export class BufferPool {
  readonly #make: (byteLength: number) => GPUBuffer
  readonly #drop: (block: Block) => void
  readonly #maxBytes: number
  readonly #largest: number
  readonly #free = new Map<number, Block[]>()
  #reservedBytes = 0

  /** @param largest bytes of a buffer. @param maxBytes of all together. @param drop destroys a buffer when the device is done with it. */
  constructor(
    make: (byteLength: number) => GPUBuffer,
    drop: (block: Block) => void,
    { largest, maxBytes }: { readonly largest: number; readonly maxBytes: number },
  ) {
    this.#make = make
    this.#drop = drop
    this.#largest = largest
    this.#maxBytes = maxBytes
  }

  /** Bytes of all buffers, those that wait to be taken again included. */
  get reservedBytes(): number {
    return this.#reservedBytes
  }

  /** `null` if there is no room. */
  take(byteLength: number): Block | null {
    const size = Math.min(sizeClass(byteLength), Math.max(byteLength, this.#largest))
    const known = this.#free.get(size)?.pop()
    if (known) return known
    if (this.#reservedBytes + size > this.#maxBytes) this.trim()
    if (this.#reservedBytes + size > this.#maxBytes) return null
    const block = blockOf(this.#make(size))
    this.#reservedBytes += size
    return block
  }

  give(block: Block): void {
    const own = this.#free.get(block.byteLength)
    if (own) own.push(block)
    else this.#free.set(block.byteLength, [block])
  }

  /** Destroys buffers that nobody uses. */
  trim(): void {
    for (const blocks of this.#free.values())
      for (const block of blocks) {
        this.#reservedBytes -= block.byteLength
        this.#drop(block)
      }
    this.#free.clear()
  }
}

type InUse = Pick<DeviceStatistics, 'allocatedBytes' | 'liveBuffers' | 'reservedBytes'>

/** Says what is in use, and what helps. */
export function outOfMemory(byteLength: number, { allocatedBytes, liveBuffers, reservedBytes }: InUse): DeviceError {
  return refusal(
    `no memory of ${byteLength} bytes; ${allocatedBytes} bytes in ${liveBuffers} buffers are in use, ${reservedBytes} bytes are taken from the graphics card. ` +
      'Release what is not needed, split the batch, or use another backend',
  )
}
