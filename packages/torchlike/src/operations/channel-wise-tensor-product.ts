import { descriptors, InputError, type IrrepsLike } from '@equivar/core'
import type { MethodChoice } from '@equivar/engine'
import { compute } from '../functions/combine.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { commonRows, requireIndices } from './operation.ts'
import { irrepsOf, type CallOptions } from './options.ts'
import { PairProduct, type PairProductOptions } from './pair-product.ts'
import type { WeightCall } from './weights.ts'

export interface ChannelWiseTensorProductOptions extends PairProductOptions {
  /** Irreps that are kept in the result. Default: all. */
  readonly filterIrrepsOut?: IrrepsLike
}

export interface ChannelWiseCall extends WeightCall, CallOptions {
  /** int32 of one axis: entry b uses row `indices1[b]` of x1. */
  readonly indices1?: Tensor
  /** Entry b uses row `indices2[b]` of x2. */
  readonly indices2?: Tensor
  /** Entry b is added to row `indicesOut[b]` of the result; needs `sizeOut`. */
  readonly indicesOut?: Tensor
  /** Rows of the result. */
  readonly sizeOut?: number
}

/**
 * `z[kuv] = Σ_{ij} c_{ijk} · w[uv] · x[iu] · y[jv]` for every pair of input segments and every irrep of their product that is kept, c the
 * Clebsch–Gordan coefficients. Output segments of multiplicity mul1 · mul2 are sorted by irrep, weights alike.
 *
 * `forward(x1, x2, weight?, { indices1?, indices2?, indicesOut?, sizeOut?, useFallback? })`: x1 [rows, irrepsIn1.dim], x2
 * [rows, irrepsIn2.dim], each of one row or as many, or gathered by indices, → [rows, irrepsOut.dim], or [sizeOut, irrepsOut.dim] of sums.
 * Weights are [1, weightNumel] or one row for each entry. State: `weight`.
 *
 * @throws {GroupMismatchError} {InputError} {LayoutError} for irreps, options and layouts that do not fit.
 */
export class ChannelWiseTensorProduct extends PairProduct {
  constructor(options: ChannelWiseTensorProductOptions) {
    const filterIrrepsOut = options.filterIrrepsOut === undefined ? undefined : irrepsOf(options.filterIrrepsOut)
    super(options, { filterIrrepsOut }, (irrepsIn1, irrepsIn2) =>
      descriptors.channelwiseTensorProduct(irrepsIn1, irrepsIn2, filterIrrepsOut).flattenCoefficientModes().squeezeModes(),
    )
  }

  /** @throws {ShapeError} {DimensionError} {DtypeError} {InputError} if inputs, weights or indices do not fit. */
  forward(x1: Tensor, x2: Tensor, weight?: Tensor, options?: ChannelWiseCall): Tensor
  forward(x1: Tensor, x2: Tensor, options?: ChannelWiseCall): Tensor
  forward(x1: Tensor, x2: Tensor, weight?: Tensor | ChannelWiseCall, options?: ChannelWiseCall): Tensor {
    const what = 'ChannelWiseTensorProduct'
    const call: ChannelWiseCall = this.checkedCall(x1, x2, weight, options)
    const { indices1, indices2, indicesOut, sizeOut } = call
    for (const [name, indices] of Object.entries({ indices1, indices2, indicesOut })) if (indices) requireIndices(what, name, indices)
    if ((indicesOut === undefined) !== (sizeOut === undefined)) throw new InputError(`${what}: indicesOut and sizeOut, the number of rows of the result, go together; pass both`)
    const inputs = { [indices1 ? 'indices1' : 'x1']: (indices1 ?? x1).shape[0], [indices2 ? 'indices2' : 'x2']: (indices2 ?? x2).shape[0], indicesOut: indicesOut?.shape[0] }
    const weights = this.weightsFor(call, commonRows(what, inputs))
    const batchSize = commonRows(what, { ...inputs, weight: this.sharedWeights ? 1 : call.weight?.shape[0] })
    const target = indicesOut && sizeOut !== undefined ? { indices: indicesOut.array, rows: sizeOut } : 'batched'
    return compute(() => this.product(weights, [x1, indices1], [x2, indices2], { ...call, outputs: [target], batchSize }))
  }

  protected override compiledMethod(): MethodChoice {
    return 'uniform_1d'
  }
}
