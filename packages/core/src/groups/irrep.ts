import { GroupMismatchError, InputError, InternalError, IrrepsError } from '../errors.ts'
import type { HostArray } from '../math/host-array.ts'
import { Rep } from './rep.ts'

/**
 * The class of an irrep, with the statics that make it a group: `SU2`, `SO3`, `O3`, `O3E3nn`, or a user's own subclass
 * of {@link Irrep}.
 */
export interface IrrepClass<I extends Irrep = Irrep> {
  new (...args: never[]): I
  readonly prototype: I
  /** Name of the group, for messages. */
  readonly label: string
  /** @throws {IrrepsError} if the text is no irrep of this group. */
  fromString(text: string): I
  /** An irrep itself, its string, or the arguments of its constructor. */
  from(x: IrrepLike): I
  /** The irreps inside `a ⊗ b`, in ascending order. */
  product(a: I, b: I): Iterable<I>
  /** Negative if `a` comes before `b`, 0 if they are the same. */
  compare(a: I, b: I): number
  /** All irreps in order, the trivial one first; endless for a Lie group. */
  iterator(): Iterable<I>
  /** `C_sijk` (solutions, dim a, dim b, dim c), or rank 3 where there is one solution. */
  clebschGordan(a: I, b: I, c: I): HostArray
  /** The first irrep. */
  trivial(): I
}

/** What names an irrep of a known group: the irrep, its string, or the arguments of its constructor. */
export type IrrepLike = Irrep | string | readonly unknown[]

/**
 * An irreducible representation. A group is a subclass with statics:
 *
 * - `fromString(text)`, and `toString()` on the instances: how an irrep is written;
 * - `product(a, b)`: the selection rule;
 * - `compare(a, b)` and `iterator()`: the order;
 * - `clebschGordan(a, b, c)`: the coupling, `Σ_ij C_ijk C_ijk' = δ_kk'` for each solution.
 *
 * Everything in this library works for every such class.
 */
export abstract class Irrep extends Rep {
  static get label(): string {
    return this.name
  }

  static fromString(text: string): Irrep {
    throw missing(this.label, 'fromString', text)
  }

  static product(a: Irrep, b: Irrep): Iterable<Irrep> {
    throw missing(this.label, 'product', `${a.toString()}, ${b.toString()}`)
  }

  static compare(a: Irrep, b: Irrep): number {
    throw missing(this.label, 'compare', `${a.toString()}, ${b.toString()}`)
  }

  static iterator(): Iterable<Irrep> {
    throw missing(this.label, 'iterator', '')
  }

  static clebschGordan(a: Irrep, b: Irrep, c: Irrep): HostArray {
    throw missing(this.label, 'clebschGordan', `${a.toString()}, ${b.toString()}, ${c.toString()}`)
  }

  static trivial(): Irrep {
    for (const ir of this.iterator()) return ir
    throw new InputError(`group ${this.label}: iterator() yields nothing; it must start with the trivial irrep`)
  }

  /**
   * An irrep itself, its string, or the arguments of its constructor.
   *
   * @throws {GroupMismatchError} if it belongs to another group.
   * @throws {IrrepsError} if it is not an irrep.
   */
  static from(x: IrrepLike): Irrep {
    if (typeof x === 'string') return this.fromString(x.trim())
    const made: unknown = Array.isArray(x) ? Reflect.construct(this, x) : x
    if (!(made instanceof Irrep))
      throw new IrrepsError(`${this.label}: ${String(x)} is no irrep; pass an irrep, its string, or the arguments of its constructor`)
    if (made.group !== (this as unknown)) throw new GroupMismatchError(`the irrep ${made.toString()} belongs to ${made.group.label}, but ${this.label} was expected`)
    return made
  }

  /** The class this irrep belongs to. */
  get group(): IrrepClass {
    // The constructor of an instance is its class; TypeScript only knows that it is some function.
    return this.constructor as unknown as IrrepClass
  }

  abstract override toString(): string

  override trivial(): Irrep {
    return this.group.trivial()
  }

  override equals(other: Rep): boolean {
    if (other instanceof Irrep && other.group === this.group) return this.group.compare(this, other) === 0
    return super.equals(other)
  }

  toJSON(): string {
    return this.toString()
  }
}

/** `x` is the class of an irrep. */
export function isIrrepClass(x: unknown): x is IrrepClass {
  return typeof x === 'function' && x.prototype instanceof Irrep
}

/** @throws {GroupMismatchError} unless all irreps belong to one group, which is returned. */
export function commonGroup(what: string, ...irreps: readonly Irrep[]): IrrepClass {
  const [first] = irreps
  if (!first) throw new InternalError(`${what} without irreps`)
  for (const ir of irreps)
    if (ir.group !== first.group)
      throw new GroupMismatchError(`${what}: ${first.toString()} belongs to ${first.group.label}, ${ir.toString()} to ${ir.group.label}; use one group`)
  return first.group
}

function missing(label: string, name: string, args: string): InputError {
  return new InputError(`group ${label} does not define the static ${name}, called with (${args}); define it in the class`)
}
