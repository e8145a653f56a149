import type { BackendDevice, Binding, DeviceMemory } from '@equivar/core'

/** Up to so many bytes all of it is read when a part is asked for: a way to a device and back takes longer than the bytes. */
const readTogether = 1 << 16

/** Memory that several storages share, as what a program computes lies side by side. It goes back when the last of them lets go. */
export class Pack {
  readonly #backend: BackendDevice
  readonly #memory: DeviceMemory
  #holders = 0
  #bytes: Promise<ArrayBuffer> | undefined

  /** Takes over memory whose elements never change again. */
  constructor(backend: BackendDevice, memory: DeviceMemory) {
    this.#backend = backend
    this.#memory = memory
  }

  hold(): this {
    this.#holders++
    return this
  }

  letGo(): void {
    if (--this.#holders === 0) this.#memory.release()
  }

  /** A copy of the bytes of a part. @throws {DeviceError} (as a rejection) if the device was lost. */
  async read(part: Binding): Promise<ArrayBuffer> {
    if (this.#memory.byteLength > readTogether) return this.#backend.read(part)
    this.#bytes ??= this.#backend.read({ memory: this.#memory, byteOffset: 0, byteLength: this.#memory.byteLength })
    return (await this.#bytes).slice(part.byteOffset, part.byteOffset + part.byteLength)
  }
}
