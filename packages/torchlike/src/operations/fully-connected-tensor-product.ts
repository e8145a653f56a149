import { descriptors, type IrrepsLike } from '@equivar/core'
import { compute } from '../functions/combine.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { commonRows } from './operation.ts'
import { irrepsOf, type CallOptions } from './options.ts'
import { PairProduct, type PairProductOptions } from './pair-product.ts'
import type { WeightCall } from './weights.ts'

export interface FullyConnectedTensorProductOptions extends PairProductOptions {
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
export class FullyConnectedTensorProduct extends PairProduct {
  constructor(options: FullyConnectedTensorProductOptions) {
    const irrepsOut = irrepsOf(options.irrepsOut)
    super(options, { irrepsOut }, (irrepsIn1, irrepsIn2) => descriptors.fullyConnectedTensorProduct(irrepsIn1, irrepsIn2, irrepsOut))
  }

  /** @throws {ShapeError} {DimensionError} {DtypeError} {InputError} if inputs or weights do not fit. */
  forward(x1: Tensor, x2: Tensor, weight?: Tensor, options?: TensorProductCall): Tensor
  forward(x1: Tensor, x2: Tensor, options?: TensorProductCall): Tensor
  forward(x1: Tensor, x2: Tensor, weight?: Tensor | TensorProductCall, options?: TensorProductCall): Tensor {
    const call: TensorProductCall = this.checkedCall(x1, x2, weight, options)
    const weights = this.weightsFor(call, commonRows('FullyConnectedTensorProduct', { x1: x1.shape[0], x2: x2.shape[0] }))
    return compute(() => this.product(weights, [x1], [x2], call))
  }
}
