import { DimensionError, GroupMismatchError, HostArray, InputError, Irreps, IrrepsAndLayout, Rep, ShapeError, type LayoutLike } from '@equivar/core'
import type { Device, DType, Shape, TypedArray } from '@equivar/engine'
import { requireArray } from '../array/arguments.ts'
import { DeviceArray, type Index, type Operand } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'

const inspect = Symbol.for('nodejs.util.inspect.custom')

/** A representation, or irreps that become one with a layout. */
export type RepLike = Rep | Irreps | string

/**
 * An array some of whose axes carry representations of a group: `x → ρ(g) x` along each of them. Immutable, as arrays are.
 *
 * Operations that would mix components are refused, so that what is computed stays equivariant; `.array` is the way out.
 */
export class RepArray {
  readonly array: DeviceArray
  /** By axis, counted from the front. */
  readonly reps: ReadonlyMap<number, Rep>

  /**
   * `new RepArray({ 0: rep, 2: irreps }, array, layout)`, or `new RepArray(rep, array)` for the last axis.
   *
   * @throws {DimensionError} if an axis is not as long as its representation.
   * @throws {InputError} if the array is none, or an axis is named twice. @throws {LayoutError} if irreps come without a layout.
   */
  constructor(reps: RepLike | ReadonlyMap<number, RepLike> | Readonly<Record<number, RepLike>>, array: DeviceArray, layout?: LayoutLike) {
    requireArray('RepArray', array)
    const found = new Map<number, Rep>()
    for (const [axis, rep] of entriesOf(reps)) {
      const at = axis < 0 ? axis + array.ndim : axis
      if (!(Number.isInteger(at) && at >= 0 && at < array.ndim)) throw new ShapeError(`RepArray: there is no axis ${axis} in ${array.toString()}`)
      if (found.has(at)) throw new InputError(`RepArray: axis ${at} carries two representations; name an axis once`)
      const own = rep instanceof Rep ? rep : new IrrepsAndLayout(rep, layout)
      if (array.shape[at] !== own.dim)
        throw new DimensionError(`RepArray: axis ${at} of ${array.toString()} has extent ${array.shape[at] ?? 0}, but its representation '${own.toString()}' has dimension ${own.dim}; they must agree`)
      found.set(at, own)
    }
    this.array = array
    this.reps = new Map([...found].sort(([a], [b]) => a - b))
  }

  get shape(): Shape {
    return this.array.shape
  }

  get ndim(): number {
    return this.array.ndim
  }

  get dtype(): DType {
    return this.array.dtype
  }

  get device(): Device {
    return this.array.device
  }

  /** The representation of an axis, which may count from the end. @throws {InputError} if it carries none. */
  rep(axis: number): Rep {
    const rep = this.reps.get(axis < 0 ? axis + this.ndim : axis)
    if (!rep) throw new InputError(`RepArray: axis ${axis} of ${this.toString()} carries no representation`)
    return rep
  }

  /** `this + other`, of the same representations; 0 is allowed. @throws {InputError} if representations differ. */
  add(other: this | 0): this {
    return other === 0 ? this : this.withArray(this.array.add(this.#alike('add', other)))
  }

  /** `this − other`, of the same representations. @throws {InputError} if representations differ. */
  sub(other: this | 0): this {
    return other === 0 ? this : this.withArray(this.array.sub(this.#alike('sub', other)))
  }

  /** `this · factor`; a factor that is an array has extent 1 along axes with representations. @throws {ShapeError} if it has not. */
  mul(factor: Operand): this {
    return this.withArray(this.array.mul(this.#scalar('mul', factor)))
  }

  /** `this / divisor`, as {@link mul}. */
  div(divisor: Operand): this {
    return this.withArray(this.array.div(this.#scalar('div', divisor)))
  }

  neg(): this {
    return this.withArray(this.array.neg())
  }

  astype(dtype: DType): this {
    return this.withArray(this.array.astype(dtype))
  }

  /** Rows picked by an int32 array along the first axis. @throws {InputError} if that carries a representation, or an index is out of range. */
  take(indices: DeviceArray): RepArray {
    return this.at(indices)
  }

  /**
   * Entries picked by one key a leading axis, see {@link DeviceArray.at}.
   *
   * @throws {InputError} if a key other than `':'` meets an axis with a representation.
   */
  at(...keys: readonly Index[]): RepArray {
    return new RepArray(this.repsAt(keys), this.array.at(...keys))
  }

  /** `exp(Σ_a v_a X_a)` applied along every axis with a representation: the element of the group near the identity. */
  transform(v: ArrayLike<number>): this {
    let { array } = this
    for (const [axis, rep] of this.reps) {
      const matrix = np.asarray(rep.complexExpMap(v).re, { dtype: array.dtype, device: array.device })
      const moved = np.moveaxis(array, axis, -1)
      const rows = moved.reshape([array.size / Math.max(1, rep.dim), rep.dim])
      array = np.moveaxis(np.matmul(rows, matrix.transpose()).reshape(moved.shape), -1, axis)
    }
    return this.withArray(array)
  }

  /** Whether another array carries the same representations along the same axes. */
  hasRepsOf(other: RepArray): boolean {
    return this.reps.size === other.reps.size && [...this.reps].every(([axis, rep]) => other.reps.get(axis)?.equals(rep))
  }

  /** A copy of the elements, row-major. @throws {InputError} (as a rejection) if the array is abstract. */
  async data(): Promise<TypedArray> {
    return this.array.data()
  }

  /** Representations, layout, shape, dtype and elements; of an abstract array all but the elements. */
  async toText(): Promise<string> {
    return `${this.describeReps()} ${await this.array.toText()}`
  }

  toString(): string {
    return `${this.describeReps()} ${this.array.toString()}`
  }

  [inspect](): string {
    return `${this.describeReps()} ${this.array.ndarray.preview()}`
  }

  dispose(): void {
    this.array.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** The same representations around other elements of the same shape. */
  withArray(array: DeviceArray): this {
    return new RepArray(this.reps, array) as this
  }

  protected describeReps(): string {
    return `{${[...this.reps].map(([axis, rep]) => `${axis}: ${rep.toString()}`).join(', ')}}`
  }

  /** Where representations are after {@link at}. */
  protected repsAt(keys: readonly Index[]): Map<number, Rep> {
    const reps = new Map<number, Rep>()
    let [axis, result] = [0, 0]
    const keep = () => {
      const rep = this.reps.get(axis)
      if (rep) reps.set(result, rep)
      axis++
      result++
    }
    for (const key of keys) {
      if (key === ':') keep()
      else if (key === null) result++
      else {
        if (this.reps.has(axis)) throw new InputError(`at: axis ${axis} of ${this.toString()} carries a representation, of which no part can be taken; use .array, or sliceByMul`)
        axis++
        if (typeof key !== 'number') result += key instanceof DeviceArray ? key.ndim : 1
      }
    }
    while (axis < this.ndim) keep()
    return reps
  }

  #alike(what: string, other: unknown): DeviceArray {
    if (!(other instanceof RepArray)) throw new InputError(`${what}: ${this.toString()} carries representations, the other side does not; make it a RepArray, or use .array`)
    for (const rep of [...this.reps.values(), ...other.reps.values()]) requireSameGroup(what, rep, this.reps.values().next().value ?? rep)
    if (!this.hasRepsOf(other)) throw new InputError(`${what}: representations differ: ${this.toString()} and ${other.toString()}; they must be the same, layouts included`)
    return other.array
  }

  #scalar(what: string, factor: Operand): Operand {
    if (factor instanceof RepArray) throw new InputError(`${what}: a factor must carry no representation; use equivariantPolynomial to multiply ${this.toString()} with ${factor.toString()}`)
    if (typeof factor === 'number' || factor instanceof HostArray) return factor
    const { shape } = factor
    for (const [axis, rep] of this.reps) {
      const extent = shape[axis - this.ndim + shape.length] ?? 1
      if (extent !== 1)
        throw new ShapeError(`${what}: the factor ${factor.toString()} has extent ${extent} along axis ${axis}, which carries '${rep.toString()}'; it must be 1 there`)
    }
    return factor
  }
}

function entriesOf(reps: ConstructorParameters<typeof RepArray>[0]): (readonly [number, RepLike])[] {
  if (reps instanceof Map) return [...(reps as ReadonlyMap<number, RepLike>)]
  if (reps instanceof Rep || reps instanceof Irreps || typeof reps === 'string') return [[-1, reps]]
  return Object.entries(reps as Readonly<Record<number, RepLike>>).map(([axis, rep]) => [Number(axis), rep])
}

function requireSameGroup(what: string, a: Rep, b: Rep): void {
  if (a instanceof IrrepsAndLayout && b instanceof IrrepsAndLayout && a.group !== b.group)
    throw new GroupMismatchError(`${what}: '${a.toString()}' is of ${a.group.label}, '${b.toString()}' of ${b.group.label}`)
}
