import { descriptors, irMul, type EquivariantPolynomial, type Irreps, type IrrepsLike, type Layout } from '@equivar/core'
import { compute } from '../functions/combine.ts'
import type { Parameter } from '../module/parameter.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { commonRows, Operation, productText } from './operation.ts'
import { irrepsOf, layoutOf, requireOneGroup, weightPlace, type CallOptions, type OperationOptions, type PairLayoutOptions, type WeightOptions } from './options.ts'
import { relayout } from './relayout.ts'
import { acceptWeights, callOf, weightOperand, type WeightCall } from './weights.ts'

export interface FullyConnectedTensorProductOptions extends OperationOptions, PairLayoutOptions, WeightOptions {
  readonly irrepsIn1: IrrepsLike
  readonly irrepsIn2: IrrepsLike
  readonly irrepsOut: IrrepsLike
}

export interface TensorProductCall extends WeightCall, CallOptions {}

/**
 * `z[kw] = Σ_{uvij} c_{ijk} · w[uvw] · x[iu] · y[jv]` for every path from two input segments to an output segment whose irrep their product
 * holds, c the Clebsch–Gordan coefficients divided by √(Σ mul1 · mul2 of the paths to the segment).
 *
 * `forward(x1, x2, weight?, { useFallback? })`: x1 [rows, irrepsIn1.dim] and x2 [rows, irrepsIn2.dim], each of one row or as many,
 * → [rows, irrepsOut.dim]. Weights are [1, weightNumel] or one row for each. State: `weight`.
 *
 * @throws {GroupMismatchError} {InputError} {LayoutError} for irreps, options and layouts that do not fit.
 */
export class FullyConnectedTensorProduct extends Operation {
  readonly irrepsIn1: Irreps
  readonly irrepsIn2: Irreps
  readonly irrepsOut: Irreps
  readonly layoutIn1: Layout
  readonly layoutIn2: Layout
  readonly layoutOut: Layout
  readonly weightNumel: number
  readonly sharedWeights: boolean
  readonly internalWeights: boolean
  readonly weight: Parameter | undefined
  readonly #descriptor: EquivariantPolynomial

  constructor(options: FullyConnectedTensorProductOptions) {
    super(options)
    this.irrepsIn1 = irrepsOf(options.irrepsIn1)
    this.irrepsIn2 = irrepsOf(options.irrepsIn2)
    this.irrepsOut = irrepsOf(options.irrepsOut)
    requireOneGroup('FullyConnectedTensorProduct', { irrepsIn1: this.irrepsIn1, irrepsIn2: this.irrepsIn2, irrepsOut: this.irrepsOut })
    this.layoutIn1 = layoutOf(options.layoutIn1, options.layout)
    this.layoutIn2 = layoutOf(options.layoutIn2, options.layout)
    this.layoutOut = layoutOf(options.layoutOut, options.layout)
    const { sharedWeights, internalWeights } = weightPlace('FullyConnectedTensorProduct', options)
    this.sharedWeights = sharedWeights
    this.internalWeights = internalWeights
    this.#descriptor = descriptors.fullyConnectedTensorProduct(this.irrepsIn1, this.irrepsIn2, this.irrepsOut)
    this.weightNumel = this.#descriptor.inputs[0].dim
    this.weight = internalWeights ? this.normalParameter([1, this.weightNumel]) : undefined
  }

  /** @throws {ShapeError} {DimensionError} {DtypeError} {InputError} if inputs or weights do not fit. */
  forward(x1: Tensor, x2: Tensor, weight?: Tensor, options?: TensorProductCall): Tensor
  forward(x1: Tensor, x2: Tensor, options?: TensorProductCall): Tensor
  forward(x1: Tensor, x2: Tensor, weight?: Tensor | TensorProductCall, options?: TensorProductCall): Tensor {
    const what = 'FullyConnectedTensorProduct'
    const call: TensorProductCall = callOf(what, weight, options)
    this.requireRows('x1', x1, this.irrepsIn1)
    this.requireRows('x2', x2, this.irrepsIn2)
    if (call.weight) this.requireDtype('weight', call.weight)
    const rows = commonRows(what, { x1: x1.shape[0], x2: x2.shape[0] })
    const { weight: internal, sharedWeights: shared, weightNumel: numel } = this
    const weights = weightOperand({ what, internal, external: call.weight, shared, classes: 1, numel, rows })
    return compute(() => {
      const left = relayout(x1.array, this.irrepsIn1, this.layoutIn1, irMul)
      const right = relayout(x2.array, this.irrepsIn2, this.layoutIn2, irMul)
      return relayout(this.evaluateOne(this.#descriptor.polynomial, [weights, left, right], call), this.irrepsOut, irMul, this.layoutOut)
    })
  }

  protected override describe(): string {
    return productText(this)
  }

  protected override acceptState(name: string, found: Tensor): Tensor | 'ignore' | undefined {
    return acceptWeights(this.weight, name, found)
  }
}
