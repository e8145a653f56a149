import { PolynomialError, ShapeError } from '../errors.ts'
import { sizeOf } from '../math/host-array.ts'

/** Largest flat size of an operand; beyond it element offsets would not be exact. */
const maxSize = Number.MAX_SAFE_INTEGER

/** Segments that a message prints. */
const maxShown = 8

/**
 * A flat array cut into consecutive segments, each a row-major tensor of `ndim` axes. Segments may differ in shape.
 *
 * @throws {ShapeError} if a segment has another number of axes, or an extent is no non-negative integer.
 */
export class SegmentedOperand {
  readonly ndim: number
  readonly segments: readonly (readonly number[])[]
  /** Σ of the segments' sizes. */
  readonly size: number
  /** Where every segment starts, and the size at the end: `numSegments + 1` numbers. */
  readonly offsets: readonly number[]
  #key: string | undefined

  /** `ndim` is needed only where there is no segment to tell it. */
  constructor(segments: readonly (readonly number[])[], ndim: number = segments[0]?.length ?? 0) {
    const offsets = [0]
    let size = 0
    for (const [i, shape] of segments.entries()) {
      if (shape.length !== ndim) throw new ShapeError(`SegmentedOperand: segment ${i} has shape [${shape.join(', ')}], but segments of this operand have ${ndim} axes`)
      if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
        throw new ShapeError(`SegmentedOperand: segment ${i} has shape [${shape.join(', ')}]; extents must be non-negative integers`)
      size += sizeOf(shape)
      offsets.push(size)
    }
    if (!(size <= maxSize)) throw new ShapeError(`SegmentedOperand: ${segments.length} segments hold more elements than can be addressed`)
    this.ndim = ndim
    this.segments = Object.freeze(segments.map((shape) => (Object.isFrozen(shape) ? shape : Object.freeze([...shape]))))
    this.size = size
    this.offsets = Object.freeze(offsets)
  }

  /** n segments of one number each. @throws {PolynomialError} unless n is a non-negative integer. */
  static emptySegments(n: number): SegmentedOperand {
    if (!(Number.isSafeInteger(n) && n >= 0)) throw new PolynomialError(`SegmentedOperand.emptySegments: ${n} segments are impossible; pass a non-negative integer`)
    return new SegmentedOperand(
      Array.from({ length: n }, () => []),
      0,
    )
  }

  /** Segments of all operands behind one another. @throws {ShapeError} if they differ in number of axes. */
  static stack(operands: readonly SegmentedOperand[]): SegmentedOperand {
    return new SegmentedOperand(
      operands.flatMap((operand) => operand.segments),
      operands[0]?.ndim ?? 0,
    )
  }

  get numSegments(): number {
    return this.segments.length
  }

  /** `[start, end)` of every segment in the flat array. */
  get segmentSlices(): readonly (readonly [number, number])[] {
    return this.segments.map((_, i) => [this.offsets[i] ?? 0, this.offsets[i + 1] ?? 0])
  }

  get allSameSegmentShape(): boolean {
    const [first] = this.segments
    return first !== undefined && this.segments.every((shape) => shape.every((extent, axis) => extent === first[axis]))
  }

  /** The shape that all segments share. @throws {PolynomialError} if they differ, or there is none. */
  get segmentShape(): readonly number[] {
    const [first] = this.segments
    if (first === undefined || !this.allSameSegmentShape) throw new PolynomialError(`SegmentedOperand ${this.toString()}: segments do not share one shape; ask for a segment by number`)
    return first
  }

  get segmentSize(): number {
    return sizeOf(this.segmentShape)
  }

  /** Distinct extents along an axis. */
  getDims(axis: number): ReadonlySet<number> {
    if (!(Number.isInteger(axis) && axis >= 0 && axis < this.ndim)) throw new ShapeError(`SegmentedOperand ${this.toString()}: axis ${axis} is outside its ${this.ndim} axes`)
    return new Set(this.segments.map((shape) => shape[axis] ?? 1))
  }

  /** One more segment at the end, or at a position. */
  insertSegment(at: number, shape: readonly number[]): SegmentedOperand {
    if (!(Number.isInteger(at) && at >= 0 && at <= this.numSegments)) throw new PolynomialError(`SegmentedOperand.insertSegment: position ${at} is outside 0 … ${this.numSegments}`)
    return new SegmentedOperand([...this.segments.slice(0, at), shape, ...this.segments.slice(at)], this.numSegments === 0 ? shape.length : this.ndim)
  }

  addSegment(shape: readonly number[]): SegmentedOperand {
    return this.insertSegment(this.numSegments, shape)
  }

  /** Drops axes whose extent is one in every segment. */
  squeeze(): SegmentedOperand {
    const kept = Array.from({ length: this.ndim }, (_, axis) => axis).filter((axis) => this.segments.some((shape) => shape[axis] !== 1))
    return new SegmentedOperand(
      this.segments.map((shape) => kept.map((axis) => shape[axis] ?? 1)),
      kept.length,
    )
  }

  /** Segments first … last − 1; negative counts from the end. @throws {PolynomialError} if a bound is no integer. */
  sliceBySegment(first = 0, last = this.numSegments): SegmentedOperand {
    requireIntegers('sliceBySegment', [first, last])
    return new SegmentedOperand(this.segments.slice(first, last), this.ndim)
  }

  /** Every segment that overlaps the flat range `[start, end)`; negative counts from the end. @throws {PolynomialError} if a bound is no integer. */
  sliceBySize(start = 0, end = this.size): SegmentedOperand {
    requireIntegers('sliceBySize', [start, end])
    const [from, to] = [start < 0 ? start + this.size : start, end < 0 ? end + this.size : end]
    return new SegmentedOperand(
      this.segments.filter((_, i) => (this.offsets[i] ?? 0) < to && (this.offsets[i + 1] ?? 0) > from),
      this.ndim,
    )
  }

  /** Canonical text of the segment shapes. */
  get key(): string {
    // Without segments there is nothing that the number of axes could change.
    this.#key ??= this.numSegments === 0 ? '' : `${this.ndim}:${this.segments.map((shape) => shape.join('x')).join(' ')}`
    return this.#key
  }

  equals(other: SegmentedOperand): boolean {
    return this === other || (this.size === other.size && this.numSegments === other.numSegments && this.key === other.key)
  }

  /** The segments' shapes; of many, the first ones and how many more there are. */
  toString(): string {
    const shown = this.segments.slice(0, maxShown).map((shape) => `(${shape.join(', ')})`)
    return `[${[...shown, ...(this.numSegments > maxShown ? [`and ${this.numSegments - maxShown} more`] : [])].join(' ')}]`
  }
}

function requireIntegers(what: string, bounds: readonly number[]): void {
  if (!bounds.every((bound) => Number.isSafeInteger(bound))) throw new PolynomialError(`SegmentedOperand.${what}: the bounds [${bounds.join(', ')}] must be integers`)
}
