import { descriptors, InputError, irMul, type Irreps, type IrrepsLike, type Layout, type SegmentedPolynomial } from '@equivar/core'
import type { MethodChoice } from '@equivar/engine'
import { compute } from '../functions/combine.ts'
import type { Parameter } from '../module/parameter.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { commonRows, irrepsOfOperand, Operation, productText, requireIndices } from './operation.ts'
import { irrepsOf, layoutOf, requireOneGroup, weightPlace, type CallOptions, type OperationOptions, type PairLayoutOptions, type WeightOptions } from './options.ts'
import { relayout } from './relayout.ts'
import { acceptWeights, callOf, weightOperand, type WeightCall } from './weights.ts'

export interface ChannelWiseTensorProductOptions extends OperationOptions, PairLayoutOptions, WeightOptions {
  readonly irrepsIn1: IrrepsLike
  readonly irrepsIn2: IrrepsLike
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
export class ChannelWiseTensorProduct extends Operation {
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
  readonly #polynomial: SegmentedPolynomial

  constructor(options: ChannelWiseTensorProductOptions) {
    super(options)
    this.irrepsIn1 = irrepsOf(options.irrepsIn1)
    this.irrepsIn2 = irrepsOf(options.irrepsIn2)
    const filter = options.filterIrrepsOut === undefined ? undefined : irrepsOf(options.filterIrrepsOut)
    requireOneGroup('ChannelWiseTensorProduct', { irrepsIn1: this.irrepsIn1, irrepsIn2: this.irrepsIn2, filterIrrepsOut: filter })
    this.layoutIn1 = layoutOf(options.layoutIn1, options.layout)
    this.layoutIn2 = layoutOf(options.layoutIn2, options.layout)
    this.layoutOut = layoutOf(options.layoutOut, options.layout)
    const { sharedWeights, internalWeights } = weightPlace('ChannelWiseTensorProduct', options)
    this.sharedWeights = sharedWeights
    this.internalWeights = internalWeights
    const descriptor = descriptors.channelwiseTensorProduct(this.irrepsIn1, this.irrepsIn2, filter)
    this.irrepsOut = irrepsOfOperand(descriptor.outputs[0])
    this.weightNumel = descriptor.inputs[0].dim
    this.#polynomial = descriptor.flattenCoefficientModes().squeezeModes().polynomial
    this.weight = internalWeights ? this.normalParameter([1, this.weightNumel]) : undefined
  }

  /** @throws {ShapeError} {DimensionError} {DtypeError} {InputError} if inputs, weights or indices do not fit. */
  forward(x1: Tensor, x2: Tensor, weight?: Tensor, options?: ChannelWiseCall): Tensor
  forward(x1: Tensor, x2: Tensor, options?: ChannelWiseCall): Tensor
  forward(x1: Tensor, x2: Tensor, weight?: Tensor | ChannelWiseCall, options?: ChannelWiseCall): Tensor {
    const what = 'ChannelWiseTensorProduct'
    const call: ChannelWiseCall = callOf(what, weight, options)
    const { indices1, indices2, indicesOut, sizeOut } = call
    this.requireRows('x1', x1, this.irrepsIn1)
    this.requireRows('x2', x2, this.irrepsIn2)
    if (call.weight) this.requireDtype('weight', call.weight)
    for (const [name, indices] of Object.entries({ indices1, indices2, indicesOut })) if (indices) requireIndices(what, name, indices)
    if ((indicesOut === undefined) !== (sizeOut === undefined)) throw new InputError(`${what}: indicesOut and sizeOut, the number of rows of the result, go together; pass both`)
    const inputs = { [indices1 ? 'indices1' : 'x1']: (indices1 ?? x1).shape[0], [indices2 ? 'indices2' : 'x2']: (indices2 ?? x2).shape[0] }
    const rows = commonRows(what, { ...inputs, indicesOut: indicesOut?.shape[0] })
    const { weight: internal, sharedWeights: shared, weightNumel: numel } = this
    const weights = weightOperand({ what, internal, external: call.weight, shared, classes: 1, numel, rows })
    const batchSize = commonRows(what, { ...inputs, indicesOut: indicesOut?.shape[0], weight: shared ? 1 : call.weight?.shape[0] })
    return compute(() => {
      const left = relayout(x1.array, this.irrepsIn1, this.layoutIn1, irMul)
      const right = relayout(x2.array, this.irrepsIn2, this.layoutIn2, irMul)
      const operands = [
        weights,
        indices1 ? { array: left, indices: indices1.array } : left,
        indices2 ? { array: right, indices: indices2.array } : right,
      ]
      const target = indicesOut && sizeOut !== undefined ? { indices: indicesOut.array, rows: sizeOut } : 'batched'
      const output = this.evaluateOne(this.#polynomial, operands, { ...call, outputs: [target], batchSize })
      return relayout(output, this.irrepsOut, irMul, this.layoutOut)
    })
  }

  protected override compiledMethod(): MethodChoice {
    return 'uniform_1d'
  }

  protected override describe(): string {
    return productText(this)
  }

  protected override acceptState(name: string, found: Tensor): Tensor | 'ignore' | undefined {
    return acceptWeights(this.weight, name, found)
  }
}
