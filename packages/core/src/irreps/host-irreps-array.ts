import { DimensionError, ShapeError } from '../errors.ts'
import type { IrrepClass } from '../groups/index.ts'
import { HostArray, sizeOf } from '../math/host-array.ts'
import type { NestedNumbers } from '../math/nested-numbers.ts'
import { inspectSymbol } from '../math/inspect.ts'
import { Irreps, type IrrepsFilter, type IrrepsLike } from './irreps.ts'
import { irMul, type Layout, type LayoutLike, mulIr } from './layout.ts'
import { asLayout } from './scope.ts'

/** A host array whose last axis holds irreps in a layout; any axes may lead. Immutable. */
export class HostIrrepsArray {
  readonly irreps: Irreps
  readonly array: HostArray
  readonly layout: Layout

  /**
   * Without a layout, that of the scope.
   *
   * @throws {DimensionError} if the last axis is not as long as the irreps.
   * @throws {LayoutError} if there is no layout.
   */
  constructor(irreps: IrrepsLike, array: HostArray | NestedNumbers, layout?: LayoutLike) {
    this.irreps = new Irreps(irreps)
    this.array = array instanceof HostArray ? array : HostArray.from(array)
    this.layout = asLayout(layout)
    if (this.array.shape.at(-1) !== this.irreps.dim)
      throw new DimensionError(
        `HostIrrepsArray: the irreps '${this.irreps.toString()}' have dimension ${this.irreps.dim}, but the array has shape [${this.array.shape.join(', ')}]; its last axis must hold the irreps`,
      )
  }

  get shape(): readonly number[] {
    return this.array.shape
  }

  get ndim(): number {
    return this.array.ndim
  }

  get group(): IrrepClass {
    return this.irreps.group
  }

  /** Shape without the last axis. */
  get leadingShape(): readonly number[] {
    return this.shape.slice(0, -1)
  }

  /** One array for each segment: (…, mul, dim) or (…, dim, mul), as the layout says. */
  get segments(): readonly HostArray[] {
    const { leadingShape } = this
    return this.irreps.slices().map(([start, stop], i) => {
      const shape = [...leadingShape, ...this.layout.shape(this.irreps.at(i))]
      return sliceLast(this.array, start, stop).reshape(shape)
    })
  }

  /** Inverse of {@link segments}. @throws {ShapeError} if a segment has another shape than its irreps and layout ask for. */
  static fromSegments(irreps: IrrepsLike, segments: readonly HostArray[], leadingShape: readonly number[], layout?: LayoutLike): HostIrrepsArray {
    const [type, order] = [new Irreps(irreps), asLayout(layout)]
    if (segments.length !== type.length)
      throw new ShapeError(`fromSegments: '${type.toString()}' has ${type.length} segments, but ${segments.length} arrays were given; pass one for each`)
    const flat = segments.map((segment, i) => {
      const expected = [...leadingShape, ...order.shape(type.at(i))]
      if (expected.length !== segment.ndim || expected.some((extent, axis) => extent !== segment.shape[axis]))
        throw new ShapeError(
          `fromSegments: segment ${i} (${type.at(i).toString()}, layout ${order.toString()}) has shape [${segment.shape.join(', ')}], expected [${expected.join(', ')}]`,
        )
      return segment.reshape([...leadingShape, type.at(i).dim])
    })
    return new HostIrrepsArray(type, concatenateLast(flat, leadingShape), order)
  }

  neg(): HostIrrepsArray {
    return this.withArray(this.array.map((value) => (value === 0 ? 0 : -value)))
  }

  /** Same irreps, same layout (where it matters), same numbers. */
  equals(other: HostIrrepsArray): boolean {
    const sameLayout = this.layout === other.layout || this.irreps.isLayoutInsensitive()
    return this.irreps.equals(other.irreps) && sameLayout && this.array.equals(other.array)
  }

  /** Other leading axes. The last extent must be −1 or the dimension of the irreps. @throws {ShapeError} if it is not. */
  reshape(shape: readonly number[]): HostIrrepsArray {
    const last = shape.at(-1)
    const { dim } = this.irreps
    if (last !== -1 && last !== dim)
      throw new ShapeError(`HostIrrepsArray.reshape: the last axis holds the irreps '${this.irreps.toString()}', so it must be ${dim} or -1, not ${last}`)
    const leading = shape.slice(0, -1)
    const unknown = leading.indexOf(-1)
    const rest = sizeOf(leading.filter((extent) => extent !== -1)) * dim
    if (unknown >= 0 && rest > 0) leading[unknown] = this.array.size / rest
    return this.withArray(this.array.reshape([...leading, dim]))
  }

  /** The same numbers in another layout. */
  changeLayout(layout: LayoutLike): HostIrrepsArray {
    const target = asLayout(layout)
    if (target === this.layout) return this
    const axes = [...this.leadingShape.keys(), this.ndim, this.ndim - 1]
    const moved = this.segments.map((segment) => segment.permute(axes))
    return HostIrrepsArray.fromSegments(this.irreps, moved, this.leadingShape, target)
  }

  /** Segments without copies vanish, neighbouring segments of one irrep become one; each copy keeps its numbers. */
  simplify(): HostIrrepsArray {
    return this.filter({ mask: this.irreps.muls.map((mul) => mul > 0) }).mergeConsecutive()
  }

  /** Neighbouring segments of one irrep become one; in layout (ir, mul) their numbers interleave. */
  mergeConsecutive(): HostIrrepsArray {
    const merged = this.irreps.mergeConsecutive()
    if (this.layout === irMul) {
      const { array } = this.changeLayout(mulIr)
      return new HostIrrepsArray(merged, array, mulIr).changeLayout(irMul)
    }
    return new HostIrrepsArray(merged, this.array, this.layout)
  }

  /** Segments in the order of the group, stable. */
  sort(): HostIrrepsArray {
    const { irreps, inv } = this.irreps.sort()
    return this.pick(irreps, inv)
  }

  /** Sorted and simplified. */
  regroup(): HostIrrepsArray {
    return this.sort().simplify()
  }

  /** The segments that a filter keeps. @throws {InputError} unless exactly one of keep, drop and mask is given. */
  filter(filter: IrrepsFilter): HostIrrepsArray {
    const mask = this.irreps.filterMask(filter)
    const kept = [...mask.keys()].filter((i) => mask[i])
    return this.pick(this.irreps.filter({ mask }), kept)
  }

  toString(): string {
    return `{${this.irreps.toString() || '(no irreps)'} ${this.layout.toString()} [${this.shape.join(', ')}]}`
  }

  toJSON(): { readonly irreps: string; readonly layout: string; readonly shape: readonly number[]; readonly data: readonly number[] } {
    return { irreps: this.irreps.toString(), layout: this.layout.name, shape: this.shape, data: [...this.array.data] }
  }

  [inspectSymbol](): string {
    return `HostIrrepsArray ${this.toString()} ${this.array.toString()}`
  }

  private withArray(array: HostArray): HostIrrepsArray {
    return new HostIrrepsArray(this.irreps, array, this.layout)
  }

  private pick(irreps: Irreps, positions: readonly number[]): HostIrrepsArray {
    const { segments } = this
    const picked = positions.flatMap((i) => segments[i] ?? [])
    return HostIrrepsArray.fromSegments(irreps, picked, this.leadingShape, this.layout)
  }
}

/** The entries `start … stop − 1` of the last axis. */
function sliceLast(array: HostArray, start: number, stop: number): HostArray {
  const stride = array.shape.at(-1) ?? 0
  const leading = array.shape.slice(0, -1)
  const width = stop - start
  const data = new Float64Array(sizeOf(leading) * width)
  for (let row = 0, target = 0; target < data.length; row += stride, target += width) data.set(array.data.subarray(row + start, row + stop), target)
  return new HostArray([...leading, width], data)
}

/** Arrays of one leading shape, joined along the last axis. */
export function concatenateLast(parts: readonly HostArray[], leading: readonly number[]): HostArray {
  const widths = parts.map((part) => part.shape.at(-1) ?? 0)
  const total = widths.reduce((sum, width) => sum + width, 0)
  const rows = sizeOf(leading)
  const data = new Float64Array(rows * total)
  let start = 0
  for (const [i, part] of parts.entries()) {
    const width = widths[i] ?? 0
    for (let row = 0; row < rows; row++) data.set(part.data.subarray(row * width, (row + 1) * width), row * total + start)
    start += width
  }
  return new HostArray([...leading, total], data)
}
