import type { BackendDevice, DeviceMemory } from '@equivar/core'
import { allocateBytes } from '../memory/allocate.ts'

/** What has to be told when the arena moves. */
export interface ArenaUser {
  arenaMoved(): void
}

/** When it has to grow, it grows by so much more than asked for, so that slowly growing sizes do not move it every time. */
const headroom = 1.2

/** One piece of device memory that the instances of a program use in turn, as large as the largest of them needs. */
export class SharedArena {
  readonly backend: BackendDevice
  readonly #users = new Set<ArenaUser>()
  #memory: DeviceMemory | undefined
  /** Who wrote to it last: what others left there is gone. */
  lastUser: ArenaUser | undefined

  constructor(backend: BackendDevice) {
    this.backend = backend
  }

  join(user: ArenaUser): void {
    this.#users.add(user)
  }

  leave(user: ArenaUser): void {
    this.#users.delete(user)
    if (this.lastUser === user) this.lastUser = undefined
  }

  get byteLength(): number {
    return this.#memory?.byteLength ?? 0
  }

  /** Memory of at least so many bytes; the same as before if that is enough. @throws {DeviceError} if there is no room. */
  atLeast(bytes: number): DeviceMemory {
    if (this.#memory && this.#memory.byteLength >= bytes) return this.#memory
    const isGrowing = this.#memory !== undefined
    this.#memory?.release()
    this.#memory = undefined
    this.lastUser = undefined
    for (const user of this.#users) user.arenaMoved()
    const size = isGrowing ? Math.min(Math.ceil(bytes * headroom), Math.max(bytes, this.backend.capabilities.maxBufferBytes)) : bytes
    this.#memory = allocateBytes(this.backend, size, () => 'memory for what a program computes').memory
    return this.#memory
  }

  dispose(): void {
    this.#memory?.release()
    this.#memory = undefined
    this.lastUser = undefined
    for (const user of this.#users) user.arenaMoved()
  }
}
