import { HostArray, InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { Device, DType, DTypeName, NDArray, ReductionOptions, Shape, TypedArray } from '@equivar/engine'
import { atKeys, takeAlong, type Key } from './indexing.ts'

const inspect = Symbol.for('nodejs.util.inspect.custom')

/** An array, or what takes the dtype and device of the array that it meets: a number, or coefficients on the host. */
export type Operand = DeviceArray | HostArray | number

/** See {@link Key}. */
export type Index = Key<DeviceArray>

/**
 * Dense row-major array on a device. No operation changes or consumes one.
 *
 * While a function is traced (by `jit`, `vmap`, …) its arrays are *abstract*: they have a shape and a dtype, but no elements yet. They
 * print as such, and reading their elements is refused.
 */
export class DeviceArray<D extends DType = DType> {
  readonly dtype: D
  /** The same array as the engine's functions take it; no copy. */
  readonly ndarray: NDArray

  /** @param ndarray of the engine, for example a parameter of a module; nothing is copied. */
  constructor(ndarray: NDArray) {
    this.ndarray = ndarray
    this.dtype = ndarray.dtype as D
  }

  get shape(): Shape {
    return this.ndarray.shape
  }

  get ndim(): number {
    return this.ndarray.ndim
  }

  /** Number of elements. */
  get size(): number {
    return this.ndarray.size
  }

  get device(): Device {
    return this.ndarray.device
  }

  /** Shape and dtype only, no elements: inside of a function that is traced. */
  get isAbstract(): boolean {
    return this.ndarray.isAbstract
  }

  /** `y = this + other`, numpy broadcasting, as all of these. */
  add(other: Operand): DeviceArray<D> {
    return this.#binary(engine.add, other)
  }

  /** `y = this − other` */
  sub(other: Operand): DeviceArray<D> {
    return this.#binary(engine.sub, other)
  }

  /** `y = this · other` */
  mul(other: Operand): DeviceArray<D> {
    return this.#binary(engine.mul, other)
  }

  /** `y = this / other`, float dtypes. */
  div(other: Operand): DeviceArray<D> {
    return this.#binary(engine.div, other)
  }

  /** `y = thisᵉ` */
  pow(exponent: Operand): DeviceArray<D> {
    return this.#binary(engine.pow, exponent)
  }

  /** `y = −this` */
  neg(): DeviceArray<D> {
    return new DeviceArray(engine.neg(this.ndarray))
  }

  /** `y = this²` */
  square(): DeviceArray<D> {
    return new DeviceArray(engine.square(this.ndarray))
  }

  /** `y = √this` */
  sqrt(): DeviceArray<D> {
    return new DeviceArray(engine.sqrt(this.ndarray))
  }

  /** `y = Σ_axes this`; all axes unless named. */
  sum(options?: ReductionOptions): DeviceArray<D> {
    return new DeviceArray(engine.sum(this.ndarray, options))
  }

  /** `y = (1/n) Σ_axes this` */
  mean(options?: ReductionOptions): DeviceArray<D> {
    return new DeviceArray(engine.mean(this.ndarray, options))
  }

  /** `y = max_axes this` */
  max(options?: ReductionOptions): DeviceArray<D> {
    return new DeviceArray(engine.max(this.ndarray, options))
  }

  /** The elements in another shape of the same size; one extent may be −1. */
  reshape(shape: Shape): DeviceArray<D> {
    return new DeviceArray(engine.reshape(this.ndarray, shape))
  }

  /** Axes in another order, reversed unless given. */
  transpose(axes: readonly number[] = [...this.shape.keys()].reverse()): DeviceArray<D> {
    return new DeviceArray(engine.permute(this.ndarray, axes))
  }

  /** `y[…, i…, …] = this[…, indices[i…], …]`: gathers along an axis, rows unless named. @throws {InputError} if an index is out of range. */
  take(indices: DeviceArray, axis = 0): DeviceArray<D> {
    return new DeviceArray(takeAlong(this.ndarray, indices.ndarray, axis < 0 ? axis + this.ndim : axis))
  }

  /**
   * Entries picked by one key an axis, as `x[1, :, 2:5, None]` in Python is `x.at(1, ':', [2, 5], null)`; see {@link Key}.
   *
   * @throws {ShapeError} if a key is outside of its axis. @throws {InputError} for more than one index array.
   */
  at(...keys: readonly Index[]): DeviceArray<D> {
    return new DeviceArray(atKeys(this.ndarray, keys.map((key) => (key instanceof DeviceArray ? key.ndarray : key))))
  }

  /** The elements in another dtype. */
  astype<T extends DTypeName>(dtype: T): DeviceArray<T extends DType ? T : 'int32'> {
    return new DeviceArray(engine.cast(this.ndarray, dtype))
  }

  /** Entries along the first axis. @throws {ShapeError} for an array without axes. */
  *[Symbol.iterator](): Generator<DeviceArray<D>, void, undefined> {
    for (const entry of engine.unstack(this.ndarray)) yield new DeviceArray<D>(entry)
  }

  /** A copy of the elements, row-major. @throws {InputError} (as a rejection) if the array is abstract or was disposed. */
  async data(): Promise<TypedArray> {
    return this.ndarray.data()
  }

  /** The only element. @throws {ShapeError} (as a rejection) unless there is one. @throws {InputError} as {@link data}. */
  async item(): Promise<number> {
    return this.ndarray.item()
  }

  /** Dtype, shape and elements; of an abstract array dtype and shape. */
  async toText(): Promise<string> {
    return this.isAbstract ? this.toString() : this.ndarray.toText()
  }

  /** The same elements on another device. */
  async to(device: Device): Promise<DeviceArray<D>> {
    return new DeviceArray(await this.ndarray.to(device))
  }

  /** Gives the memory back before garbage collection would. */
  dispose(): void {
    this.ndarray.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  toString(): string {
    return this.ndarray.toString()
  }

  /** Arrays are not numbers, not even those of one element: arithmetic of the language would lose derivatives and shapes. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString()
    throw new InputError(`${this.toString()} was used as a number; compute with add(), mul(), …, and read it outside of transformed functions with await item()`)
  }

  [inspect](): string {
    return this.ndarray.preview()
  }

  #binary(f: (a: engine.Operand, b: engine.Operand) => NDArray, other: Operand): DeviceArray<D> {
    return new DeviceArray(f(this.ndarray, beside(this.ndarray, other)))
  }
}

/** Whether a value is an array. */
export function isDeviceArray(x: unknown): x is DeviceArray {
  return x instanceof DeviceArray
}

/** An operand of the engine: coefficients on the host become an array like the one that they meet. */
export function beside({ dtype, device }: NDArray, other: Operand): engine.Operand {
  if (other instanceof DeviceArray) return other.ndarray
  return other instanceof HostArray ? engine.array(other.data, { shape: other.shape, dtype, device }) : other
}
