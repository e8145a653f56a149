import { GroupMismatchError, InputError, IrrepsError } from '../errors.ts'
import { asGroup, type GroupLike, Irrep, type IrrepClass, isIrrepClass } from '../groups/index.ts'
import { inspectSymbol } from '../math/inspect.ts'
import { type Filter, makeMask } from './filter.ts'
import { MulIrrep, sameIrrep } from './mul-irrep.ts'
import { asSegment, parseSegments, type SegmentLike } from './parse.ts'
import { getIrrepScope } from './scope.ts'

/** What names irreps: a string like `'32x0e + 16x1o'`, irreps, one irrep, or a list of segments. */
export type IrrepsLike = string | Irreps | Irrep | MulIrrep | Iterable<SegmentLike>

/** Irreps to look for, or a predicate on segments. */
export type IrrepsSelector = IrrepsLike | ((segment: MulIrrep) => boolean)

/** Exactly one of: the irreps to keep, the irreps to drop, or one boolean for each segment. */
export type IrrepsFilter = Filter<IrrepsSelector>

/** A stable sort: `irreps` in the new order, `perm[old] = new` and `inv[new] = old`. */
export interface SortedIrreps {
  readonly irreps: Irreps
  readonly perm: readonly number[]
  readonly inv: readonly number[]
}

/** An ordered list of segments, each some copies of one irrep: the type of a vector of features. Immutable. */
export class Irreps {
  readonly group: IrrepClass
  readonly segments: readonly MulIrrep[]
  /** Number of components, Σ mul · dim(ir). */
  readonly dim: number

  /**
   * `new Irreps('O3', '4x0e + 1o')`, or `new Irreps('4x0e + 1o')` where {@link assume} names the group. Irreps that
   * already belong to a group need neither.
   *
   * @throws {IrrepsError} if a string does not parse, or a multiplicity is not a non-negative integer.
   * @throws {GroupMismatchError} if irreps belong to another group than the one named.
   * @throws {InputError} if no group is known.
   */
  constructor(group: GroupLike, x: IrrepsLike)
  constructor(x: IrrepsLike)
  constructor(...args: readonly [IrrepClass | IrrepsLike, IrrepsLike?]) {
    const [first, second] = args
    const named = args.length > 1
    const x = (named ? second : first) as IrrepsLike
    if (isIrrepClass(x)) throw new IrrepsError(`Irreps: the group ${x.label} was given without irreps; pass them as second argument`)
    this.group = named ? asGroup(first as GroupLike) : (ownGroup(x) ?? getIrrepScope())
    this.segments = Object.freeze([...segmentsOf(this.group, x)])
    this.dim = this.segments.reduce((sum, segment) => sum + segment.dim, 0)
    if (!Number.isSafeInteger(this.dim)) throw new IrrepsError(`Irreps: '${this.toString()}' has dimension ${this.dim}, too large to count exactly; use smaller multiplicities`)
  }

  /** Number of segments. */
  get length(): number {
    return this.segments.length
  }

  /** Number of copies of irreps, Σ mul. */
  get numIrreps(): number {
    return this.segments.reduce((sum, { mul }) => sum + mul, 0)
  }

  get muls(): readonly number[] {
    return this.segments.map(({ mul }) => mul)
  }

  [Symbol.iterator](): ArrayIterator<MulIrrep> {
    return this.segments.values()
  }

  /** The segment at a position; negative positions count from the end. @throws {InputError} if there is none. */
  at(index: number): MulIrrep {
    const segment = this.segments.at(index)
    if (!segment || !Number.isInteger(index)) throw new InputError(`Irreps: there is no segment ${index} in '${this.toString()}', which has ${this.length}`)
    return segment
  }

  /** The irreps of the segments from `start` up to `end`, as `Array.slice`. */
  slice(start?: number, end?: number): Irreps {
    return this.with(this.segments.slice(start, end))
  }

  /** Where each segment lies in a vector of these irreps: `[start, stop]`. */
  slices(): readonly (readonly [start: number, stop: number])[] {
    let start = 0
    return this.segments.map(({ dim }) => [start, (start += dim)] as const)
  }

  /** The irrep occurs in a segment, whatever its multiplicity. */
  includes(ir: Irrep | MulIrrep | string): boolean {
    const wanted = ir instanceof MulIrrep ? ir.ir : this.group.from(ir)
    return this.segments.some((segment) => sameIrrep(segment.ir, wanted))
  }

  /** Number of copies of an irrep, over all segments. */
  count(ir: Irrep | string): number {
    const wanted = this.group.from(ir)
    return this.segments.reduce((sum, segment) => (sameIrrep(segment.ir, wanted) ? sum + segment.mul : sum), 0)
  }

  /** n copies of the trivial irrep of this group. */
  newScalars(n: number): Irreps {
    return this.with([new MulIrrep(n, this.group.trivial())])
  }

  /** Every segment is scalar, also those of multiplicity 0. */
  isScalar(): boolean {
    return this.segments.every(({ ir }) => ir.isScalar())
  }

  /** No segment has both mul > 1 and dim > 1, so both layouts are the same. */
  isLayoutInsensitive(): boolean {
    return this.segments.every(({ mul, ir }) => mul <= 1 || ir.dim <= 1)
  }

  /** These segments followed by others. @throws {GroupMismatchError} if the groups differ. */
  add(other: IrrepsLike): Irreps {
    return this.with([...this.segments, ...this.coerce(other).segments])
  }

  /** Every multiplicity times n. @throws {IrrepsError} if n is not a non-negative integer. */
  mul(n: number): Irreps {
    requireFactor('mul', n, 0)
    return this.with(this.segments.map(({ mul, ir }) => new MulIrrep(mul * n, ir)))
  }

  /** Every multiplicity divided by n, rounded down. @throws {IrrepsError} if n is not a positive integer. */
  floorDiv(n: number): Irreps {
    requireFactor('floorDiv', n, 1)
    return this.with(this.segments.map(({ mul, ir }) => new MulIrrep(Math.floor(mul / n), ir)))
  }

  /** Every multiplicity replaced by n. @throws {IrrepsError} if n is not a non-negative integer. */
  setMul(n: number): Irreps {
    return this.with(this.segments.map(({ ir }) => new MulIrrep(n, ir)))
  }

  /** Same group and same segments in the same order. A string that does not parse is not equal. */
  equals(other: IrrepsLike): boolean {
    let irreps: Irreps
    try {
      irreps = other instanceof Irreps ? other : this.coerce(other)
    } catch {
      return false
    }
    return irreps.group === this.group && irreps.length === this.length && irreps.segments.every((segment, i) => segment.equals(this.at(i)))
  }

  /** Neighbouring segments of one irrep become one. */
  mergeConsecutive(): Irreps {
    const merged: MulIrrep[] = []
    for (const segment of this.segments) {
      const last = merged.at(-1)
      if (last && sameIrrep(last.ir, segment.ir)) merged[merged.length - 1] = new MulIrrep(last.mul + segment.mul, last.ir)
      else merged.push(segment)
    }
    return this.with(merged)
  }

  removeZeroMultiplicities(): Irreps {
    return this.with(this.segments.filter(({ mul }) => mul > 0))
  }

  /** {@link removeZeroMultiplicities}, then {@link mergeConsecutive}. */
  simplify(): Irreps {
    return this.removeZeroMultiplicities().mergeConsecutive()
  }

  /** Stable sort of the segments in the order of the group. */
  sort(): SortedIrreps {
    const inv = this.segments.map((_, i) => i).sort((i, j) => this.group.compare(this.at(i).ir, this.at(j).ir) || i - j)
    const perm = inv.map(() => 0)
    for (const [position, old] of inv.entries()) perm[old] = position
    return { irreps: this.with(inv.map((old) => this.at(old))), perm, inv }
  }

  /** Sorted and simplified. */
  regroup(): Irreps {
    return this.sort().irreps.simplify()
  }

  /** The segments that a filter keeps; multiplicities in the filter play no part. @throws {InputError} unless exactly one of keep, drop and mask is given. */
  filter(filter: IrrepsFilter): Irreps {
    const mask = this.filterMask(filter)
    return this.with(this.segments.filter((_, i) => mask[i]))
  }

  /** Which segments {@link filter} keeps. */
  filterMask(filter: IrrepsFilter): readonly boolean[] {
    return makeMask(this.segments, filter, (selector) => {
      if (typeof selector === 'function') return selector
      const wanted = this.coerce(selector)
      return ({ ir }) => wanted.includes(ir)
    })
  }

  toString(): string {
    return this.segments.map(String).join('+')
  }

  toJSON(): string {
    return this.toString()
  }

  [inspectSymbol](): string {
    return `Irreps(${this.group.label}, '${this.toString()}')`
  }

  private with(segments: readonly MulIrrep[]): Irreps {
    return new Irreps(this.group, segments)
  }

  private coerce(x: IrrepsLike): Irreps {
    return new Irreps(this.group, x)
  }
}

/** The group that irreps bring along. */
function ownGroup(x: IrrepsLike): IrrepClass | undefined {
  if (x instanceof Irreps) return x.group
  if (x instanceof Irrep) return x.group
  if (x instanceof MulIrrep) return x.ir.group
  if (!Array.isArray(x)) return undefined
  for (const item of x as readonly SegmentLike[]) {
    const ir = item instanceof MulIrrep ? item.ir : Array.isArray(item) ? (item[1] as unknown) : item
    if (ir instanceof Irrep) return ir.group
  }
  return undefined
}

function segmentsOf(group: IrrepClass, x: IrrepsLike): readonly MulIrrep[] {
  if (typeof x === 'string') return parseSegments(group, x)
  if (x instanceof Irreps) {
    if (x.group !== group)
      throw new GroupMismatchError(`Irreps of ${group.label} cannot be made from '${x.toString()}' of ${x.group.label}; use one group, or go through the string`)
    return x.segments
  }
  if (x instanceof Irrep || x instanceof MulIrrep) return [asSegment(group, x)]
  if (typeof x !== 'object' || !(Symbol.iterator in x))
    throw new IrrepsError(`Irreps: ${String(x)} is neither a string nor irreps nor a list of segments`)
  return [...x].map((segment) => asSegment(group, segment))
}

function requireFactor(what: string, n: number, least: number): void {
  if (!Number.isSafeInteger(n) || n < least) throw new IrrepsError(`Irreps.${what}: the factor ${n} must be an integer of at least ${least}`)
}
