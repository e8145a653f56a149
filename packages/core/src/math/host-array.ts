import { ShapeError } from '../errors.ts'
import { flattenNumbers, type NestedNumbers } from './nested-numbers.ts'
import { inspectSymbol } from './inspect.ts'

/**
 * Dense float64 tensor in host memory, row-major: element `[i, j, …]` lies at `((i · n_1) + j) · n_2 + …`.
 *
 * Immutable by convention: every operation returns a new array, and nobody writes to `data` after construction.
 */
export class HostArray {
  readonly shape: readonly number[]
  readonly data: Float64Array

  /** @throws {ShapeError} if `data.length` is not the product of `shape`. */
  constructor(shape: readonly number[], data: Float64Array) {
    requireShape(shape)
    if (data.length !== sizeOf(shape))
      throw new ShapeError(`HostArray: shape [${shape.join(', ')}] holds ${sizeOf(shape)} numbers, but data holds ${data.length}; pass a matching shape`)
    this.shape = Object.freeze([...shape])
    this.data = data
  }

  /** Nested arrays become a tensor of their shape; with `shape`, flat numbers are given that shape. */
  static from(values: NestedNumbers | Float64Array, shape?: readonly number[]): HostArray {
    if (values instanceof Float64Array) return new HostArray(shape ?? [values.length], Float64Array.from(values))
    const flat: number[] = []
    const nestedShape = flattenNumbers('HostArray.from', values, flat)
    return new HostArray(shape ?? nestedShape, Float64Array.from(flat))
  }

  /** @throws {ShapeError} if the shape does not hold non-negative integers. */
  static zeros(shape: readonly number[]): HostArray {
    requireShape(shape)
    return new HostArray(shape, new Float64Array(sizeOf(shape)))
  }

  static scalar(value: number): HostArray {
    return new HostArray([], Float64Array.of(value))
  }

  static identity(n: number): HostArray {
    const data = new Float64Array(n * n)
    for (let i = 0; i < n; i++) data[i * n + i] = 1
    return new HostArray([n, n], data)
  }

  get ndim(): number {
    return this.shape.length
  }

  get size(): number {
    return this.data.length
  }

  /** Element at a full index. @throws {ShapeError} if the index has the wrong length or is out of range. */
  get(...index: readonly number[]): number {
    if (index.length !== this.ndim) throw new ShapeError(`HostArray: index [${index.join(', ')}] has ${index.length} axes, the array has ${this.ndim}`)
    let offset = 0
    for (const [axis, extent] of this.shape.entries()) {
      const i = index[axis] ?? -1
      if (!(i >= 0 && i < extent)) throw new ShapeError(`HostArray: index [${index.join(', ')}] is outside shape [${this.shape.join(', ')}]`)
      offset = offset * extent + i
    }
    return this.data[offset] ?? Number.NaN
  }

  map(f: (value: number, flatIndex: number) => number): HostArray {
    return new HostArray(this.shape, this.data.map(f))
  }

  scale(factor: number): HostArray {
    return this.map((value) => value * factor)
  }

  /** Element-wise sum of two arrays of one shape. */
  add(other: HostArray): HostArray {
    requireSameShape('add', this, other)
    return this.map((value, i) => value + (other.data[i] ?? 0))
  }

  reshape(shape: readonly number[]): HostArray {
    return new HostArray(shape, this.data)
  }

  /** `out[i_{axes[0]}, i_{axes[1]}, …] = this[i_0, i_1, …]`. */
  permute(axes: readonly number[]): HostArray {
    if (axes.length !== this.ndim || new Set(axes).size !== axes.length || axes.some((a) => !(a >= 0 && a < this.ndim)))
      throw new ShapeError(`HostArray.permute: axes [${axes.join(', ')}] is not a permutation of ${this.ndim} axes`)
    const strides = stridesOf(this.shape)
    const shape = axes.map((axis) => this.shape[axis] ?? 0)
    const source = axes.map((axis) => strides[axis] ?? 0)
    const out = new Float64Array(this.size)
    const index = shape.map(() => 0)
    let offset = 0
    for (let flat = 0; flat < out.length; flat++) {
      out[flat] = this.data[offset] ?? 0
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const next = (index[axis] ?? 0) + 1
        offset += source[axis] ?? 0
        if (next < (shape[axis] ?? 0)) {
          index[axis] = next
          break
        }
        offset -= next * (source[axis] ?? 0)
        index[axis] = 0
      }
    }
    return new HostArray(shape, out)
  }

  /** Bitwise equality of shape and values (`NaN` equals `NaN`). */
  equals(other: HostArray): boolean {
    return sameShape(this, other) && this.data.every((value, i) => Object.is(value, other.data[i]) || value === other.data[i])
  }

  /** max |a − b| over all elements; 0 for empty arrays. @throws {ShapeError} if shapes differ. */
  maxAbsDifference(other: HostArray): number {
    requireSameShape('maxAbsDifference', this, other)
    let worst = 0
    for (const [i, value] of this.data.entries()) worst = Math.max(worst, Math.abs(value - (other.data[i] ?? Number.NaN)))
    return worst
  }

  /** Shape and values; long arrays are cut. */
  toString(): string {
    const shown = 64
    const values = this.size <= shown ? JSON.stringify(this.toNested()) : `[${this.data.subarray(0, shown).join(',')},...]`
    return `HostArray [${this.shape.join(', ')}] ${values}`
  }

  [inspectSymbol](): string {
    return this.toString()
  }

  /** Nested plain arrays, for printing and JSON. */
  toNested(): NestedNumbers {
    const build = (axis: number, offset: number): [NestedNumbers, number] => {
      if (axis === this.ndim) return [this.data[offset] ?? 0, offset + 1]
      const out: NestedNumbers[] = []
      let next = offset
      for (let i = 0; i < (this.shape[axis] ?? 0); i++) {
        const [value, after] = build(axis + 1, next)
        out.push(value)
        next = after
      }
      return [out, next]
    }
    return build(0, 0)[0]
  }
}

/** Product of the extents. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1)
}

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1)
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1)
  return strides
}

function requireShape(shape: readonly number[]): void {
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
    throw new ShapeError(`HostArray: shape [${shape.join(', ')}] must hold non-negative integers`)
}

function sameShape(a: HostArray, b: HostArray): boolean {
  return a.ndim === b.ndim && a.shape.every((extent, axis) => extent === b.shape[axis])
}

function requireSameShape(what: string, a: HostArray, b: HostArray): void {
  if (!sameShape(a, b)) throw new ShapeError(`HostArray.${what}: shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}] differ; reshape one of them`)
}
