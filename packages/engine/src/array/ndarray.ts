import { DeviceError, InputError, ShapeError } from '@equivar/core'
import { Value } from '../graph/value.ts'
import { requireDtypeOn } from '../memory/allocate.ts'
import { foundByCollector } from '../memory/pressure.ts'
import { disown, own } from '../memory/scope.ts'
import { Storage } from '../memory/storage.ts'
import { backendOf, requireDevice, type Device } from './device.ts'
import type { DType, TypedArray } from './dtype.ts'
import { elementCount, formatShape, type Shape } from './shape.ts'
import { formatElements } from './format.ts'

const forgotten = new FinalizationRegistry<Value>((value) => {
  foundByCollector(() => {
    value.release()
  })
})
const inspect = Symbol.for('nodejs.util.inspect.custom')

/**
 * Dense row-major array, as a handle that no operation consumes or changes.
 *
 * Its memory goes back by `dispose()`, `using`, the end of a {@link scope}, or garbage collection. An *abstract* array
 * has shape and dtype but no elements; primitives on it are recorded, not executed.
 */
export class NDArray {
  readonly dtype: DType
  readonly shape: Shape
  /** Where it lives; operations on it run there. */
  readonly device: Device
  #value: Value | undefined

  /** Handles are made by this library: by creation functions and by primitives. */
  constructor(value: Value) {
    this.dtype = value.dtype
    this.shape = value.shape
    this.device = value.device
    this.#value = value
    value.retain()
    own(this)
    forgotten.register(this, value, this)
  }

  get ndim(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get size(): number {
    return elementCount(this.shape)
  }

  get isDisposed(): boolean {
    return this.#value === undefined
  }

  /** Shape and dtype only, no elements. */
  get isAbstract(): boolean {
    return this.value.isAbstract
  }

  /** Whether operations on this array are remembered for derivatives. */
  get isTracked(): boolean {
    return this.value.tracked
  }

  /** The graph's value behind the handle, for this library's own use. @throws {InputError} after `dispose()`. */
  get value(): Value {
    if (this.#value === undefined) throw new InputError(`${describe(this)} was disposed; keep it by returning it from the scope, or dispose it later`)
    return this.#value
  }

  /**
   * A copy of the elements, row-major, when everything that they come from has been computed.
   *
   * @throws {InputError} (as a rejection) if the array is abstract or was disposed.
   * @throws {DeviceError} (as a rejection) if the device was lost.
   */
  async data(): Promise<TypedArray> {
    return storageOf(this.value).read()
  }

  /** The only element of an array of one element. @throws {ShapeError} (as a rejection) if there are more or none. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new ShapeError(`item: ${describe(this)} holds ${this.size} elements; use data()`)
    return (await this.data())[0] ?? Number.NaN
  }

  /** Elements and shape as text. */
  async toText(): Promise<string> {
    return `${describe(this)} ${formatElements(await this.data(), this.shape)}`
  }

  /**
   * The same elements on another device, as an array of its own; on the same device another handle.
   *
   * @throws {DeviceError} (as a rejection) if the device was not opened, or does not have the dtype.
   * @throws {InputError} (as a rejection) if the array is tracked: derivatives do not cross devices.
   */
  async to(device: Device): Promise<NDArray> {
    const target = requireDevice('to', device)
    if (target === this.device) return this.share()
    if (this.isTracked) throw new InputError(`to: ${describe(this)} is tracked, and derivatives do not cross devices; move the array first and track it there`)
    const { dtype, shape } = this
    const backend = backendOf(target)
    if (backend) requireDtypeOn(backend, dtype)
    return new NDArray(new Value({ dtype, shape, device: target }, Storage.ofHost(await this.data(), target), undefined, false))
  }

  /** Another handle on the same value, with a life of its own; nothing is copied. */
  share(): NDArray {
    return new NDArray(this.value)
  }

  /** Gives the handle's memory back; the second call does nothing. What a recorded graph needs stays until the graph goes. */
  dispose(): void {
    if (this.#value === undefined) return
    forgotten.unregister(this)
    disown(this)
    this.#value.release()
    this.#value = undefined
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  toString(): string {
    const state = this.isDisposed ? ' disposed' : `${this.isAbstract ? ' abstract' : ''}${this.isTracked ? ' tracked' : ''}`
    return `${describe(this)}${state}`
  }

  [inspect](): string {
    return this.preview()
  }

  /** What a debugger shows: the elements where the host sees them, without waiting. */
  preview(): string {
    const data = visibleElements(this.#value?.storage)
    return data ? `${this.toString()} ${formatElements(data, this.shape)}` : this.toString()
  }
}

/** `float32[3, 4]`, for messages. */
export function describe(x: { readonly dtype: DType; readonly shape: Shape }): string {
  return `${x.dtype}${formatShape(x.shape)}`
}

/** The elements themselves, not a copy, on devices whose memory the host sees. @throws {InputError} if the array is abstract. */
export function hostData(x: NDArray): TypedArray {
  return valueData(x.value)
}

/** As {@link hostData}; good until the next call on the device. @throws {DeviceError} if the host does not see the device's memory. */
export function valueData(value: Value): TypedArray {
  const data = storageOf(value).view()
  if (data === undefined) throw new DeviceError(`${describe(value)} lies on ${value.device}, whose memory the host does not see; await data() instead`)
  return data
}

/** @throws {InputError} if the value is abstract. */
export function storageOf(value: Value): Storage {
  if (value.storage === undefined)
    throw new InputError(
      `${describe(value)} is abstract: it has a shape but no elements, because it was made while a function was being traced; return it from the function and read the result`,
    )
  return value.storage
}

/** For a debugger, which must never be the one to fail: nothing where there is nothing to see. */
function visibleElements(storage: Storage | undefined): TypedArray | undefined {
  try {
    return storage?.view()
  } catch {
    return undefined
  }
}
