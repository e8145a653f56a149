import { InternalError, type BackendDevice, type Binding, type DeviceMemory } from '@equivar/core'
import { orderOf } from '../compiled/orders.ts'
import type { Storage } from '../memory/storage.ts'
import { toWords } from '../memory/words.ts'
import type { BufferId, OrderPart } from './device-plan.ts'
import type { Stretch } from './placement.ts'

/** What of an input a buffer holds: its elements, or a part of its order. */
export interface GivenBuffer {
  readonly buffer: BufferId
  readonly input: number
  readonly order: { readonly rows: number; readonly part: OrderPart } | undefined
}

/** A copy of an input, and where it lies in its stretch. */
interface Slot extends GivenBuffer {
  readonly byteOffset: number
  readonly byteLength: number
  /** What was last copied. */
  copied: Storage | undefined
  /** Whether `staged` holds the same bytes. */
  isStaged: boolean
}

/** What a buffer holds, from the inputs of a call, which keep it. @throws {InputError} if an order cannot be made. */
export function givenStorage({ input, order }: GivenBuffer, inputs: readonly Storage[]): Storage {
  const given = inputs[input]
  if (!given) throw new InternalError(`a program has no input ${input}`)
  return order ? orderOf(given, order.rows)[order.part] : given
}

/** Copies inputs to where a recording expects them: those that changed, with one write for what the host has, as far as they are neighbours. */
export class InputCopies {
  readonly #backend: BackendDevice
  readonly #stretch: Stretch
  readonly #slots: readonly Slot[]
  /** What the host wrote, at its places; none where the host writes into the device's memory itself. */
  readonly #staged: Uint8Array | undefined

  constructor(backend: BackendDevice, stretch: Stretch, given: readonly GivenBuffer[]) {
    this.#backend = backend
    this.#stretch = stretch
    const byBuffer = new Map(given.map((own) => [own.buffer, own]))
    this.#slots = stretch.buffers.map(({ buffer, byteOffset, byteLength }) => {
      const own = byBuffer.get(buffer)
      if (!own) throw new InternalError(`buffer ${buffer} of a program comes from no input`)
      return { ...own, byteOffset, byteLength, copied: undefined, isStaged: false }
    })
    this.#staged = backend.view ? undefined : new Uint8Array(stretch.byteLength)
  }

  /** The memory was used by others, or is another one. */
  forget(): void {
    for (const slot of this.#slots) slot.copied = undefined
  }

  /** @throws {DeviceError} if there is no room for what is made of an input. */
  copy(arena: DeviceMemory, inputs: readonly Storage[]): void {
    try {
      this.#copy(arena, inputs)
    } catch (error) {
      // Some may be noted as copied that are not.
      this.forget()
      throw error
    }
  }

  #copy(memory: DeviceMemory, inputs: readonly Storage[]): void {
    const place: Place = (at, byteLength) => ({ memory, byteOffset: this.#stretch.byteOffset + at, byteLength })
    const writes = new Writes(this.#backend, this.#staged, place)
    const copies = new Copies(this.#backend, place)
    for (const slot of this.#slots) {
      const given = inputs[slot.input]
      if (given && slot.copied === given) {
        if (!slot.isStaged) writes.flush()
        copies.flush()
        continue
      }
      const source = givenStorage(slot, inputs)
      const elements = source.view()
      if (elements) {
        copies.flush()
        writes.add(slot, toWords(elements))
      } else {
        writes.flush()
        copies.add(slot, source.on(this.#backend))
      }
      slot.isStaged = elements !== undefined
      slot.copied = given
    }
    writes.flush()
    copies.flush()
  }
}

type Place = (at: number, byteLength: number) => Binding
type Part = Pick<Slot, 'byteOffset' | 'byteLength'>

/** Bytes of the host for adjacent slots, written together. */
class Writes {
  readonly #backend: BackendDevice
  readonly #staged: Uint8Array | undefined
  readonly #place: Place
  #start = 0
  #end = 0

  constructor(backend: BackendDevice, staged: Uint8Array | undefined, place: Place) {
    this.#backend = backend
    this.#staged = staged
    this.#place = place
  }

  add({ byteOffset, byteLength }: Part, data: ArrayBufferView): void {
    if (!this.#staged) {
      this.#backend.write(this.#place(byteOffset, byteLength), data)
      return
    }
    this.#staged.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), byteOffset)
    if (this.#end === this.#start) this.#start = byteOffset
    this.#end = byteOffset + byteLength
  }

  flush(): void {
    const [start, end] = [this.#start, this.#end]
    if (this.#staged && end > start) this.#backend.write(this.#place(start, end - start), this.#staged.subarray(start, end))
    this.#start = this.#end
  }
}

/** Memory of the device for adjacent slots, copied together where it lies as they do. */
class Copies {
  readonly #backend: BackendDevice
  readonly #place: Place
  #source: Binding | undefined
  #target = 0

  constructor(backend: BackendDevice, place: Place) {
    this.#backend = backend
    this.#place = place
  }

  add({ byteOffset }: Part, source: Binding): void {
    const before = this.#source
    const distance = byteOffset - this.#target
    if (before?.memory === source.memory && source.byteOffset - before.byteOffset === distance)
      this.#source = { ...before, byteLength: distance + source.byteLength }
    else {
      this.flush()
      this.#source = source
      this.#target = byteOffset
    }
  }

  flush(): void {
    if (this.#source) this.#backend.copy(this.#place(this.#target, this.#source.byteLength), this.#source)
    this.#source = undefined
  }
}
