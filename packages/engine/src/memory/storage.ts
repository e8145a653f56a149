import { DeviceError, InternalError, type BackendDevice, type Binding } from '@equivar/core'
import type { Device } from '../array/device.ts'
import { dtypeOf, type DType, type TypedArray } from '../array/dtype.ts'
import { allocateOn } from './allocate.ts'
import type { Pack } from './pack.ts'
import { afterCollection, heldBuffers, hold } from './pressure.ts'
import type { Owned } from './scope.ts'
import { fromWords, toWords } from './words.ts'

/**
 * Number of buffers that are held at this moment. Arrays that share memory (a reshape, a tracked copy) count once;
 * what a recorded graph still needs counts too.
 */
export function liveBuffers(): number {
  return heldBuffers()
}

/** Memory of a backend that holds the elements of one storage. */
export interface DevicePlace {
  readonly backend: BackendDevice
  readonly binding: Binding
  /** Who else has a part of the memory. */
  readonly pack?: Pack
}

/** Smallest and largest element; `low > high` if there are none. */
export interface IntegerRange {
  readonly low: number
  readonly high: number
}

/** Up to this length the host's copy is kept beside the device's: numbers that programs read while they are made. */
const keptOnHost = 1

/**
 * Elements shared by one or more values; they are gone when the last of them lets go, and never change before.
 *
 * They lie in host memory or in that of a backend. Host elements move to a backend when a kernel first needs them, once; what the
 * backend shows in place (`view`) is not kept twice.
 */
export class Storage {
  readonly device: Device
  readonly dtype: DType
  /** Number of elements. */
  readonly length: number
  #host: TypedArray | undefined
  #place: DevicePlace | undefined
  #holders = 1
  #range: IntegerRange | undefined
  #attached: Map<string, Owned> | undefined

  private constructor(device: Device, dtype: DType, length: number, host: TypedArray | undefined, place: DevicePlace | undefined) {
    this.device = device
    this.dtype = dtype
    this.length = length
    this.#host = host
    this.#place = place
    hold(1, place?.binding.byteLength ?? 0)
  }

  /** Host elements that nobody else writes to. */
  static ofHost(data: TypedArray, device: Device): Storage {
    return new Storage(device, dtypeOf(data), data.length, data, undefined)
  }

  /** Takes over memory of a backend, or a part that a pack counts. */
  static ofPlace(place: DevicePlace, dtype: DType, length: number, device: Device): Storage {
    place.pack?.hold()
    return new Storage(device, dtype, length, undefined, place)
  }

  get isReleased(): boolean {
    return this.#holders <= 0
  }

  /** Whose memory holds the elements, beside or instead of the host's. */
  get backend(): BackendDevice | undefined {
    return this.#place?.backend
  }

  /** Bytes held, on the host and on a backend. */
  get byteLength(): number {
    return (this.#host?.byteLength ?? 0) + (this.#place?.binding.byteLength ?? 0)
  }

  /**
   * The elements themselves, where the host can see them: its own memory, or that of a backend in place, and then good until the
   * next call on the backend. `undefined` after release, and on a device of its own memory.
   */
  view(): TypedArray | undefined {
    if (this.#host) return this.#host
    const place = this.#place
    return place?.backend.view && fromWords(place.backend.view(place.binding), this.dtype)
  }

  /** A copy of the elements, after all work before. */
  async read(): Promise<TypedArray> {
    const seen = this.view()
    // Copied now: whoever asked may let go of the array while it waits.
    const copy = seen ? seen.slice() : await this.#fetch()
    await afterCollection()
    return copy
  }

  /**
   * The elements in memory of a backend, moved there if they are not.
   *
   * @throws {DeviceError} if there is no room, the backend does not have the dtype, or the elements are on another device.
   */
  on(backend: BackendDevice): Binding {
    if (this.#place?.backend === backend) return this.#place.binding
    const elements = this.view()
    if (!elements) throw this.#unreachable(backend)
    // What is known of an index array only while the host sees it.
    if (this.dtype === 'int32' && !backend.view) this.range()
    const binding = allocateOn(backend, this.dtype, this.length)
    backend.write(binding, toWords(elements))
    hold(0, binding.byteLength - (this.#place?.binding.byteLength ?? 0))
    leave(this.#place)
    this.#place = { backend, binding }
    if (this.length > keptOnHost) this.#host = undefined
    return binding
  }

  /** Smallest and largest element, looked up once; `undefined` if the host cannot see the elements. */
  range(): IntegerRange | undefined {
    if (this.#range) return this.#range
    const elements = this.view()
    if (!elements) return undefined
    let low = Infinity
    let high = -Infinity
    for (const element of elements) {
      if (element < low) low = element
      if (element > high) high = element
    }
    this.#range = { low, high }
    return this.#range
  }

  /** Something made of the elements that lives as long as they do, made once a key. */
  attached<T extends Owned>(key: string, isKind: (found: Owned) => found is T, make: () => T): T {
    const found = this.#attached?.get(key)
    if (found && isKind(found)) return found
    if (found) throw new InternalError(`two kinds of things are attached to a storage as '${key}'`)
    const made = make()
    this.#attached ??= new Map()
    this.#attached.set(key, made)
    return made
  }

  retain(): this {
    this.#holders++
    return this
  }

  release(): void {
    if (--this.#holders !== 0) return
    this.#host = undefined
    hold(-1, -(this.#place?.binding.byteLength ?? 0))
    leave(this.#place)
    this.#place = undefined
    for (const made of this.#attached?.values() ?? []) made.dispose()
    this.#attached = undefined
  }

  async #fetch(): Promise<TypedArray> {
    const place = this.#place
    if (!place) throw new InternalError(`a storage of ${this.length} ${this.dtype} elements was read after its release`)
    const { backend, binding, pack } = place
    return fromWords(new Uint8Array(await (pack ? pack.read(binding) : backend.read(binding))), this.dtype)
  }

  #unreachable(backend: BackendDevice): DeviceError | InternalError {
    const place = this.#place
    if (!place) return new InternalError(`a storage of ${this.length} ${this.dtype} elements was used after its release`)
    return new DeviceError(`${backend.name}: elements on ${place.backend.name} cannot be used here; move the array with to()`)
  }
}

function leave(place: DevicePlace | undefined): void {
  if (place?.pack) place.pack.letGo()
  else place?.binding.memory.release()
}
