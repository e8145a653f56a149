import { InputError, ShapeError } from '@equivar/core'
import type { Value } from '../graph/value.ts'
import { disown, own } from '../memory/scope.ts'
import type { DType, TypedArray } from './dtype.ts'
import { elementCount, formatShape, type Shape } from './shape.ts'
import { formatElements } from './format.ts'

/** Where an array lives. */
export type Device = 'cpu'

const forgotten = new FinalizationRegistry<Value>((value) => value.release())
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
  readonly device: Device = 'cpu'
  #value: Value | undefined

  /** Handles are made by this library: by creation functions and by primitives. */
  constructor(value: Value) {
    this.dtype = value.dtype
    this.shape = value.shape
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
   * A copy of the elements, row-major.
   *
   * @throws {InputError} (as a rejection) if the array is abstract or was disposed.
   */
  async data(): Promise<TypedArray> {
    return hostData(this).slice()
  }

  /** The only element of an array of one element. @throws {ShapeError} (as a rejection) if there are more or none. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new ShapeError(`item: ${describe(this)} holds ${this.size} elements; use data()`)
    return hostData(this)[0] ?? Number.NaN
  }

  /** Elements and shape as text. */
  async toText(): Promise<string> {
    return `${describe(this)} ${formatElements(hostData(this), this.shape)}`
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
    const data = this.#value?.storage?.data
    return data ? `${this.toString()} ${formatElements(data, this.shape)}` : this.toString()
  }
}

/** `float32[3, 4]`, for messages. */
export function describe(x: { readonly dtype: DType; readonly shape: Shape }): string {
  return `${x.dtype}${formatShape(x.shape)}`
}

/** The elements themselves, not a copy; for the naive method. @throws {InputError} if the array is abstract. */
export function hostData(x: NDArray): TypedArray {
  return valueData(x.value)
}

export function valueData(value: Value): TypedArray {
  const data = value.storage?.data
  if (data === undefined)
    throw new InputError(
      `${describe(value)} is abstract: it has a shape but no elements, because it was made while a function was being traced; return it from the function and read the result`,
    )
  return data
}
