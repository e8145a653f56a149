import { asLayout, DimensionError, InputError, Irreps, IrrepsAndLayout, ShapeError, type IrrepsFilter, type IrrepsLike, type Layout, type LayoutLike, type Rep } from '@equivar/core'
import type { Shape } from '@equivar/engine'
import { requireArray } from '../array/arguments.ts'
import type { DeviceArray, Index } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'
import { registerNode } from '../tree/registry.ts'
import { identityKey } from '../tree/structure.ts'
import { RepArray } from './rep-array.ts'

/** An array whose last axis holds irreps in a layout; any axes may lead. Immutable. */
export class IrrepsArray extends RepArray {
  readonly irreps: Irreps
  readonly layout: Layout

  /**
   * Without a layout, that of the scope (`assume`).
   *
   * @throws {DimensionError} if the last axis is not as long as the irreps. @throws {LayoutError} if there is no layout.
   * @example
   * const x = new IrrepsArray(new Irreps('O3', '2x0e + 1o'), np.ones([10, 5]), irMul)
   */
  constructor(irreps: IrrepsLike, array: DeviceArray, layout?: LayoutLike) {
    const rep = new IrrepsAndLayout(irreps, layout)
    requireArray('IrrepsArray', array)
    if (array.shape.at(-1) !== rep.dim)
      throw new DimensionError(`IrrepsArray: the irreps '${rep.toString()}' have dimension ${rep.dim}, but the array is ${array.toString()}; its last axis must hold the irreps`)
    super(rep, array)
    this.irreps = rep.irreps
    this.layout = rep.layout
  }

  /** Inverse of {@link segments}. @throws {ShapeError} if a segment has another shape than its irreps and layout ask for. */
  static fromSegments(irreps: IrrepsLike, segments: readonly DeviceArray[], leadingShape: Shape, layout?: LayoutLike): IrrepsArray {
    const [type, order] = [new Irreps(irreps), asLayout(layout)]
    if (segments.length !== type.length)
      throw new ShapeError(`fromSegments: '${type.toString()}' has ${type.length} segments, but ${segments.length} arrays were given; pass one for each`)
    const flat = segments.map((segment, i) => {
      requireArray('fromSegments', segment)
      const expected = [...leadingShape, ...order.shape(type.at(i))]
      if (expected.length !== segment.ndim || expected.some((extent, axis) => extent !== segment.shape[axis]))
        throw new ShapeError(`fromSegments: segment ${i} (${type.at(i).toString()}, layout ${order.toString()}) is ${segment.toString()}, expected shape [${expected.join(', ')}]`)
      return segment.reshape([...leadingShape, type.at(i).dim])
    })
    return new IrrepsArray(type, flat.length === 0 ? np.zeros([...leadingShape, 0]) : np.concatenate(flat, -1), order)
  }

  /** Shape without the last axis. */
  get leadingShape(): Shape {
    return this.shape.slice(0, -1)
  }

  /** One array for each segment: (…, mul, dim) or (…, dim, mul), as the layout says. */
  get segments(): readonly DeviceArray[] {
    const { leadingShape } = this
    const parts = np.split(this.array, this.irreps.segments.map(({ dim }) => dim), -1)
    return parts.map((part, i) => part.reshape([...leadingShape, ...this.layout.shape(this.irreps.at(i))]))
  }

  /** The copies `start … stop − 1` of irreps, counted over all segments. @throws {InputError} if the range is none. */
  sliceByMul(start: number, stop: number): IrrepsArray {
    const { numIrreps } = this.irreps
    if (!(Number.isInteger(start) && Number.isInteger(stop) && start >= 0 && start <= stop && stop <= numIrreps))
      throw new InputError(`sliceByMul: the range ${start} … ${stop} is not inside 0 … ${numIrreps}, the number of irreps of '${this.irreps.toString()}'`)
    let first = 0
    const muls: number[] = []
    const parts = this.segments.map((segment, i) => {
      const { mul } = this.irreps.at(i)
      const [from, to] = [Math.min(mul, Math.max(0, start - first)), Math.min(mul, Math.max(0, stop - first))]
      first += mul
      muls.push(to - from)
      const all: Index[] = this.leadingShape.map(() => ':')
      return segment.at(...all, ...(this.layout.name === 'mul_ir' ? ([[from, to], ':'] as const) : ([':', [from, to]] as const)))
    })
    const blocks = this.irreps.segments.map(({ ir }, i) => [muls[i] ?? 0, ir] as const)
    return IrrepsArray.fromSegments(new Irreps(this.irreps.group, blocks), parts, this.leadingShape, this.layout).filter({ mask: muls.map((mul) => mul > 0) })
  }

  /** The segments that a filter keeps. @throws {InputError} unless exactly one of keep, drop and mask is given. */
  filter(filter: IrrepsFilter): IrrepsArray {
    const mask = this.irreps.filterMask(filter)
    return this.#pick(this.irreps.filter({ mask }), [...mask.keys()].filter((i) => mask[i]))
  }

  /** Segments in the order of the group, stable. */
  sort(): IrrepsArray {
    const { irreps, inv } = this.irreps.sort()
    return this.#pick(irreps, inv)
  }

  /** Segments without copies vanish, neighbouring segments of one irrep become one; each copy keeps its numbers. */
  simplify(): IrrepsArray {
    const kept = this.filter({ mask: this.irreps.muls.map((mul) => mul > 0) })
    const merged = kept.irreps.mergeConsecutive()
    if (merged.length === kept.irreps.length) return kept
    const rows = kept.changeLayout('mul_ir')
    return new IrrepsArray(merged, rows.array, 'mul_ir').changeLayout(this.layout)
  }

  /** Sorted and simplified. */
  regroup(): IrrepsArray {
    return this.sort().simplify()
  }

  /** The same numbers in another layout. */
  changeLayout(layout: LayoutLike): IrrepsArray {
    const target = asLayout(layout)
    if (target === this.layout) return this
    if (this.irreps.isLayoutInsensitive()) return new IrrepsArray(this.irreps, this.array, target)
    return IrrepsArray.fromSegments(this.irreps, this.segments.map((segment) => np.swapaxes(segment, -2, -1)), this.leadingShape, target)
  }

  /**
   * A leading axis of extent n becomes copies: every multiplicity times n. In layout (ir, mul) the old copies are outside and the axis is
   * inside, in layout (mul, ir) the other way around.
   *
   * @throws {ShapeError} if there is no such leading axis.
   */
  moveAxisToMul(axis: number): IrrepsArray {
    const at = axis < 0 ? axis + this.ndim : axis
    if (!(Number.isInteger(at) && at >= 0 && at < this.ndim - 1)) throw new ShapeError(`moveAxisToMul: axis ${axis} is no leading axis of ${this.toString()}`)
    const n = this.shape[at] ?? 1
    const leading = this.leadingShape.filter((_, own) => own !== at)
    const irreps = this.irreps.mul(n)
    const isOutside = this.layout.name === 'mul_ir'
    const segments = this.segments.map((segment, i) => {
      const shape = [...leading, ...this.layout.shape(irreps.at(i))]
      return np.moveaxis(segment, at, isOutside ? -3 : -1).reshape(shape)
    })
    return IrrepsArray.fromSegments(irreps, segments, leading, this.layout)
  }

  override take(indices: DeviceArray): IrrepsArray {
    return this.at(indices)
  }

  override at(...keys: readonly Index[]): IrrepsArray {
    this.repsAt(keys)
    return new IrrepsArray(this.irreps, this.array.at(...keys), this.layout)
  }

  /** Other leading axes. The last extent must be −1 or the dimension of the irreps. @throws {ShapeError} if it is not. */
  reshape(shape: Shape): this {
    const { dim } = this.irreps
    if (shape.at(-1) !== -1 && shape.at(-1) !== dim)
      throw new ShapeError(`IrrepsArray.reshape: the last axis holds the irreps '${this.irreps.toString()}', so it must be ${dim} or -1, not ${shape.at(-1) ?? 'missing'}`)
    return this.withArray(this.array.reshape([...shape.slice(0, -1), dim]))
  }

  override withArray(array: DeviceArray): this {
    return new IrrepsArray(this.irreps, array, this.layout) as this
  }

  protected override describeReps(): string {
    return `{${this.irreps.toString() || '(no irreps)'} ${this.layout.toString()}}`
  }

  #pick(irreps: Irreps, positions: readonly number[]): IrrepsArray {
    const { segments } = this
    if (positions.length === segments.length && positions.every((position, i) => position === i)) return this
    const picked = positions.flatMap((i) => segments[i] ?? [])
    if (picked.length > 0) return IrrepsArray.fromSegments(irreps, picked, this.leadingShape, this.layout)
    return new IrrepsArray(irreps, this.array.at(...this.leadingShape.map(() => ':' as const), [0, 0]), this.layout)
  }
}

interface IrrepsAux {
  readonly irreps: Irreps
  readonly layout: Layout
}

// Arrays with representations are nodes of trees; what they carry is part of the structure.
registerNode(IrrepsArray, {
  flatten: ({ array, irreps, layout }) => [[array], { irreps, layout }],
  unflatten: (aux, [array]) => {
    const { irreps, layout } = aux as IrrepsAux
    return new IrrepsArray(irreps, array as DeviceArray, layout)
  },
  removeAxis: (aux, axis, ndim) => (axis === ndim - 1 ? refuseMap(axis, (aux as IrrepsAux).irreps) : aux),
  insertAxis: (aux, axis, ndim) => (axis === ndim - 1 ? refuseMap(axis, (aux as IrrepsAux).irreps) : aux),
  key: (aux) => {
    const { irreps, layout } = aux as IrrepsAux
    return `${irreps.group.label}${identityKey(irreps.group)} ${irreps.toString()} ${layout.name}`
  },
})
registerNode(RepArray, {
  flatten: ({ array, reps }) => [[array], reps],
  unflatten: (reps, [array]) => new RepArray(reps as RepArray['reps'], array as DeviceArray),
  removeAxis: (aux, axis) => {
    const reps = aux as RepArray['reps']
    const rep = reps.get(axis)
    return rep ? refuseMap(axis, rep) : new Map([...reps].map(([own, other]) => [own > axis ? own - 1 : own, other]))
  },
  insertAxis: (reps, axis) => new Map([...(reps as RepArray['reps'])].map(([own, rep]) => [own >= axis ? own + 1 : own, rep])),
  key: (reps) => [...(reps as RepArray['reps'])].map(([axis, rep]) => `${axis}: ${repKey(rep)}`).join(),
})

function refuseMap(axis: number, rep: Rep | Irreps): never {
  throw new InputError(`vmap: axis ${axis} carries '${rep.toString()}', and no part of a representation is one; map over another axis, or over the .array`)
}

function repKey(rep: Rep): string {
  return rep instanceof IrrepsAndLayout ? `${identityKey(rep.group)} ${rep.toString()} ${rep.layout.name}` : identityKey(rep)
}
