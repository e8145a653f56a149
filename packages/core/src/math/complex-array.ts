import { ShapeError } from '../errors.ts'
import { einsum } from './einsum.ts'
import { HostArray } from './host-array.ts'
import { inspectSymbol } from './inspect.ts'

/** Dense complex tensor, `re + i·im`: two real tensors of one shape. Only representations of complex type need it. */
export class ComplexArray {
  readonly re: HostArray
  readonly im: HostArray

  /** Without `im`, the imaginary part is zero. @throws {ShapeError} if the two shapes differ. */
  constructor(re: HostArray, im: HostArray = HostArray.zeros(re.shape)) {
    if (re.ndim !== im.ndim || re.shape.some((extent, axis) => extent !== im.shape[axis]))
      throw new ShapeError(`ComplexArray: the real part has shape [${re.shape.join(', ')}], the imaginary part [${im.shape.join(', ')}]; pass equal shapes`)
    this.re = re
    this.im = im
  }

  get shape(): readonly number[] {
    return this.re.shape
  }

  /** Every imaginary part is exactly zero. */
  get isReal(): boolean {
    return this.im.data.every((value) => value === 0)
  }

  toString(): string {
    return `ComplexArray [${this.shape.join(', ')}] re ${this.re.toString()} im ${this.im.toString()}`
  }

  [inspectSymbol](): string {
    return this.toString()
  }

  add(other: ComplexArray): ComplexArray {
    return new ComplexArray(this.re.add(other.re), this.im.add(other.im))
  }

  scale(factor: number): ComplexArray {
    return new ComplexArray(this.re.scale(factor), this.im.scale(factor))
  }

  conj(): ComplexArray {
    return new ComplexArray(this.re, this.im.scale(-1))
  }

  permute(axes: readonly number[]): ComplexArray {
    return new ComplexArray(this.re.permute(axes), this.im.permute(axes))
  }

  /** max |re a − re b|, |im a − im b|. @throws {ShapeError} if shapes differ. */
  maxAbsDifference(other: ComplexArray): number {
    return Math.max(this.re.maxAbsDifference(other.re), this.im.maxAbsDifference(other.im))
  }

  /** {@link einsum} of two complex tensors. */
  static einsum(subscripts: string, a: ComplexArray, b: ComplexArray): ComplexArray {
    const re = einsum(subscripts, a.re, b.re).add(einsum(subscripts, a.im, b.im).scale(-1))
    const im = einsum(subscripts, a.re, b.im).add(einsum(subscripts, a.im, b.re))
    return new ComplexArray(re, im)
  }
}
