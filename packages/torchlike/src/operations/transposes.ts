import {
  DimensionError,
  HostArray,
  InputError,
  asLayout,
  Operation as Assignment,
  Path,
  SegmentedOperand,
  SegmentedPolynomial as Polynomial,
  SegmentedTensorProduct,
} from '@equivar/core'
import type { Irreps, IrrepsLike, Layout, LayoutLike } from '@equivar/core'
import type { MethodChoice } from '@equivar/engine'
import { compute } from '../functions/combine.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { Operation } from './operation.ts'
import { irrepsOf, type CallOptions, type OperationOptions } from './options.ts'
import { relayout } from './relayout.ts'

export interface TransposeIrrepsLayoutOptions extends OperationOptions {
  readonly irreps: IrrepsLike
  readonly source: LayoutLike
  readonly target: LayoutLike
}

/** `y[iu] = x[ui]`: rows of irreps from one layout to another. `forward(x)`: [rows, irreps.dim] → the same shape. */
export class TransposeIrrepsLayout extends Operation {
  readonly irreps: Irreps
  readonly source: Layout
  readonly target: Layout

  /** @throws {LayoutError} for an unknown layout. */
  constructor(options: TransposeIrrepsLayoutOptions) {
    super(options)
    this.irreps = irrepsOf(options.irreps)
    this.source = asLayout(options.source)
    this.target = asLayout(options.target)
  }

  /** @throws {ShapeError} {DimensionError} {DtypeError} if x does not hold rows of the irreps. */
  forward(x: Tensor): Tensor {
    this.requireRows('x', x, this.irreps)
    return compute(() => relayout(x.array, this.irreps, this.source, this.target))
  }

  protected override describe(): string {
    return `${this.irreps.toString()}, ${this.source.toString()} → ${this.target.toString()}`
  }
}

export interface TransposeSegmentsOptions extends OperationOptions {
  /** Rows and columns of every segment. */
  readonly segments: readonly (readonly [rows: number, columns: number])[]
}

/** `y[ji] = x[ij]` in every segment of rows. `forward(x)`: [rows, Σ r c] → the same shape. */
export class TransposeSegments extends Operation {
  readonly segments: readonly (readonly [number, number])[]
  readonly dim: number
  readonly #polynomial: Polynomial | undefined

  /** @throws {InputError} for extents that are no positive integers. */
  constructor(options: TransposeSegmentsOptions) {
    super(options)
    const { segments } = options
    if (!segments.every((shape) => shape.every((extent) => Number.isSafeInteger(extent) && extent > 0)))
      throw new InputError(`TransposeSegments: segments must be pairs of positive integers, got ${JSON.stringify(segments)}`)
    this.segments = segments
    this.dim = segments.reduce((sum, [rows, columns]) => sum + rows * columns, 0)
    this.#polynomial = segments.some(([rows, columns]) => rows > 1 && columns > 1) ? transposition(segments) : undefined
  }

  /** @throws {DimensionError} {DtypeError} if x does not hold rows of these segments. */
  forward(x: Tensor, options: CallOptions = {}): Tensor {
    this.requireDtype('x', x)
    if (x.ndim !== 2 || x.shape[1] !== this.dim) throw new DimensionError(`TransposeSegments: x has shape [${x.shape.join(', ')}]; the segments make rows of ${this.dim}`)
    const polynomial = this.#polynomial
    return compute(() => (polynomial ? this.evaluateOne(polynomial, [x.array], { ...options, batchSize: x.shape[0] ?? 0 }) : x.array.share()))
  }

  protected override compiledMethod(): MethodChoice {
    return 'auto'
  }

  protected override describe(): string {
    return this.segments.map(([rows, columns]) => `${rows}×${columns}`).join(', ')
  }
}

function transposition(segments: readonly (readonly [number, number])[]): Polynomial {
  const source = new SegmentedOperand(segments, 2)
  const target = new SegmentedOperand(segments.map(([rows, columns]) => [columns, rows]), 2)
  const paths = segments.map((_, s) => new Path([s, s], HostArray.scalar(1)))
  return new Polynomial([source], [target], [[new Assignment([0, 1]), new SegmentedTensorProduct('ij,ji', [source, target], paths)]])
}
