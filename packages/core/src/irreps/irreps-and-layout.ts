import type { IrrepClass } from '../groups/index.ts'
import { Rep } from '../groups/index.ts'
import { ComplexArray } from '../math/complex-array.ts'
import { HostArray } from '../math/host-array.ts'
import { Irreps, type IrrepsLike } from './irreps.ts'
import type { Layout, LayoutLike } from './layout.ts'
import { asLayout } from './scope.ts'

/**
 * Irreps laid out in memory: a representation. Its matrices are block-diagonal with one block for each segment,
 * `I_mul ⊗ X` in layout (mul, ir) and `X ⊗ I_mul` in layout (ir, mul).
 */
export class IrrepsAndLayout extends Rep {
  readonly irreps: Irreps
  readonly layout: Layout

  /** Without a layout, that of the scope. @throws {LayoutError} if there is none. */
  constructor(irreps: IrrepsLike, layout?: LayoutLike) {
    super()
    this.irreps = new Irreps(irreps)
    this.layout = asLayout(layout)
  }

  get dim(): number {
    return this.irreps.dim
  }

  get group(): IrrepClass {
    return this.irreps.group
  }

  algebra(): HostArray {
    return this.group.trivial().algebra()
  }

  continuousGenerators(): HostArray {
    return this.blockDiagonal(this.lieDim, this.irreps.segments.map(({ ir }) => ir.continuousGenerators()))
  }

  override complexGenerators(): ComplexArray {
    return this.complexBlockDiagonal(this.lieDim, this.irreps.segments.map(({ ir }) => ir.complexGenerators()))
  }

  discreteGenerators(): HostArray {
    return this.blockDiagonal(this.numDiscrete, this.irreps.segments.map(({ ir }) => ir.discreteGenerators()))
  }

  override complexExpMap(c: ArrayLike<number>, d: ArrayLike<number> = Array.from({ length: this.numDiscrete }, () => 0)): ComplexArray {
    this.checkParameters(c, d)
    const { re, im } = this.complexBlockDiagonal(1, this.irreps.segments.map(({ ir }) => ir.complexExpMap(c, d)))
    const shape = [this.dim, this.dim]
    return new ComplexArray(re.reshape(shape), im.reshape(shape))
  }

  trivial(): IrrepsAndLayout {
    return new IrrepsAndLayout(this.irreps.newScalars(1), this.layout)
  }

  override isScalar(): boolean {
    return this.irreps.isScalar()
  }

  /** Same irreps, and the same layout unless the irreps lie the same way in both. */
  override equals(other: Rep): boolean {
    if (!(other instanceof IrrepsAndLayout)) return super.equals(other)
    return this.irreps.equals(other.irreps) && (this.layout === other.layout || this.irreps.isLayoutInsensitive())
  }

  override toString(): string {
    return this.irreps.toString()
  }

  toJSON(): { readonly irreps: string; readonly layout: string } {
    return { irreps: this.irreps.toString(), layout: this.layout.name }
  }

  private get numDiscrete(): number {
    return this.group.trivial().discreteGenerators().shape[0] ?? 0
  }

  private complexBlockDiagonal(n: number, blocks: readonly ComplexArray[]): ComplexArray {
    const [re, im] = [blocks.map((block) => block.re), blocks.map((block) => block.im)]
    return new ComplexArray(this.blockDiagonal(n, re), this.blockDiagonal(n, im))
  }

  /** n blocks (n, dim ir, dim ir) for each segment, spread over all copies. */
  private blockDiagonal(n: number, blocks: readonly HostArray[]): HostArray {
    const { dim } = this
    const data = new Float64Array(n * dim * dim)
    const starts = this.irreps.slices()
    for (const [s, { mul, ir }] of this.irreps.segments.entries()) {
      const block = blocks[s]?.data ?? new Float64Array()
      const [component, copy] = this.layout.name === 'mul_ir' ? [1, ir.dim] : [mul, 1]
      const start = starts[s]?.[0] ?? 0
      for (let u = 0; u < mul; u++)
        for (let flat = 0; flat < block.length; flat++) {
          const j = flat % ir.dim
          const i = Math.floor(flat / ir.dim) % ir.dim
          const a = Math.floor(flat / (ir.dim * ir.dim))
          const offset = start + u * copy
          data[(a * dim + offset + i * component) * dim + offset + j * component] = block[flat] ?? 0
        }
    }
    return new HostArray([n, dim, dim], data)
  }
}
