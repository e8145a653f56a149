import { type BackendDevice, type Binding, bytesPerElement } from '../backend/index.ts'
import type { StorageType } from '../kernels/index.ts'

const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array }
export type Elements = Float32Array | Float64Array | Int32Array | Uint32Array

/** Elements of a type from numbers, or so many. */
export function elementsOf(scalar: StorageType, values: ArrayLike<number> | number): Elements {
  return typeof values === 'number' ? new arrays[scalar](values) : arrays[scalar].from(values)
}

/** What is not written keeps this; as floating point it is not a number, as an index it is none. */
const untouched = 0xff

/** Memory with something before and behind it that nobody may write. Released as a whole. */
export class GuardedMemory {
  readonly scalar: StorageType
  readonly length: number
  readonly binding: Binding
  readonly #device: BackendDevice
  readonly #whole: Binding

  constructor(device: BackendDevice, scalar: StorageType, length: number) {
    const { alignment } = device.capabilities
    const guard = alignment * Math.ceil(64 / alignment)
    const byteLength = length * bytesPerElement[scalar]
    const total = guard + Math.ceil(byteLength / 8) * 8 + guard
    const memory = device.allocate(total)
    this.scalar = scalar
    this.length = length
    this.binding = { memory, byteOffset: guard, byteLength }
    this.#device = device
    this.#whole = { memory, byteOffset: 0, byteLength: total }
    this.poison()
  }

  static of(device: BackendDevice, scalar: StorageType, data: Elements): GuardedMemory {
    const memory = new GuardedMemory(device, scalar, data.length)
    memory.write(data)
    return memory
  }

  /** Everything holds what cannot be a result. */
  poison(): void {
    this.#device.write(this.#whole, new Uint8Array(this.#whole.byteLength).fill(untouched))
  }

  write(data: Elements): void {
    if (data.length > 0) this.#device.write(this.binding, data)
  }

  /** The elements. @throws {Error} if something around them was written. */
  async read(name: string): Promise<Elements> {
    const bytes = new Uint8Array(await this.#device.read(this.#whole))
    const { byteOffset, byteLength } = this.binding
    for (const [k, byte] of bytes.entries()) {
      if (k === byteOffset) break
      if (byte !== untouched) throw new Error(`byte ${k - byteOffset} before ${name} was written`)
    }
    for (let k = byteOffset + byteLength; k < bytes.length; k++) if (bytes[k] !== untouched) throw new Error(`byte ${k - byteOffset - byteLength} behind ${name} was written`)
    return new arrays[this.scalar](bytes.slice(byteOffset, byteOffset + byteLength).buffer)
  }

  release(): void {
    this.binding.memory.release()
  }
}
