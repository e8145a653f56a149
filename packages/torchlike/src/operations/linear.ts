import { descriptors, InputError, irMul, type EquivariantPolynomial, type Irreps, type IrrepsLike, type Layout } from '@equivar/core'
import type { MethodChoice } from '@equivar/engine'
import { compute } from '../functions/combine.ts'
import type { Parameter } from '../module/parameter.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { layoutText, Operation } from './operation.ts'
import { irrepsOf, layoutOf, requireOneGroup, weightPlace, type CallOptions, type LayoutOptions, type OperationOptions, type WeightOptions } from './options.ts'
import { relayout } from './relayout.ts'
import { acceptWeights, callOf, weightOperand, type WeightCall } from './weights.ts'

export interface LinearOptions extends OperationOptions, LayoutOptions, WeightOptions {
  readonly irrepsIn: IrrepsLike
  readonly irrepsOut: IrrepsLike
  /** Sets of weights, of which every row uses one. Default 1. */
  readonly weightClasses?: number
}

export interface LinearCall extends WeightCall, CallOptions {
  /** int32 of one axis: the class of weights of every row. */
  readonly weightIndices?: Tensor
}

/**
 * `y[iv] = Σ_u c · w[uv] · x[iu]` for every pair of an input and an output segment of one irrep, c = 1/√(number of input copies of the irrep).
 *
 * `forward(x, weight?, { weightIndices?, useFallback? })`: x [rows, irrepsIn.dim] → [rows, irrepsOut.dim]. Weights are
 * [weightClasses, weightNumel], or one row for each of x; pairs with the input segment outermost, (mul in, mul out) row-major. State:
 * `weight`.
 *
 * @throws {GroupMismatchError} {InputError} {LayoutError} for irreps, options and layouts that do not fit.
 */
export class Linear extends Operation {
  readonly irrepsIn: Irreps
  readonly irrepsOut: Irreps
  readonly layoutIn: Layout
  readonly layoutOut: Layout
  readonly weightNumel: number
  readonly weightClasses: number
  readonly sharedWeights: boolean
  readonly internalWeights: boolean
  readonly weight: Parameter | undefined
  readonly #descriptor: EquivariantPolynomial

  constructor(options: LinearOptions) {
    super(options)
    this.irrepsIn = irrepsOf(options.irrepsIn)
    this.irrepsOut = irrepsOf(options.irrepsOut)
    requireOneGroup('Linear', { irrepsIn: this.irrepsIn, irrepsOut: this.irrepsOut })
    this.layoutIn = layoutOf(options.layoutIn, options.layout)
    this.layoutOut = layoutOf(options.layoutOut, options.layout)
    const { sharedWeights, internalWeights } = weightPlace('Linear', options)
    this.sharedWeights = sharedWeights
    this.internalWeights = internalWeights
    this.weightClasses = options.weightClasses ?? 1
    if (!(Number.isSafeInteger(this.weightClasses) && this.weightClasses >= 1)) throw new InputError(`Linear: weightClasses is ${this.weightClasses}; it must be a positive integer`)
    if (this.weightClasses > 1 && !sharedWeights) throw new InputError('Linear: classes of weights are shared by the rows that use them; pass sharedWeights: true')
    this.#descriptor = descriptors.linear(this.irrepsIn, this.irrepsOut)
    this.weightNumel = this.#descriptor.inputs[0].dim
    this.weight = internalWeights ? this.normalParameter([this.weightClasses, this.weightNumel]) : undefined
  }

  /** @throws {ShapeError} {DimensionError} {DtypeError} {InputError} if inputs, weights or indices do not fit. */
  forward(x: Tensor, weight?: Tensor, options?: LinearCall): Tensor
  forward(x: Tensor, options?: LinearCall): Tensor
  forward(x: Tensor, weight?: Tensor | LinearCall, options?: LinearCall): Tensor {
    const call: LinearCall = callOf('Linear', weight, options)
    this.requireRows('x', x, this.irrepsIn)
    if (call.weight) this.requireDtype('weight', call.weight)
    const weights = weightOperand({
      what: 'Linear',
      internal: this.weight,
      external: call.weight,
      shared: this.sharedWeights,
      classes: this.weightClasses,
      numel: this.weightNumel,
      indices: call.weightIndices,
      rows: x.shape[0] ?? 0,
    })
    return compute(() => {
      const input = relayout(x.array, this.irrepsIn, this.layoutIn, irMul)
      return relayout(this.evaluateOne(this.#descriptor.polynomial, [weights, input], call), this.irrepsOut, irMul, this.layoutOut)
    })
  }

  protected override compiledMethod(): MethodChoice {
    return 'indexed_linear'
  }

  protected override describe(): string {
    return `${layoutText(this.irrepsIn, this.layoutIn)} → ${layoutText(this.irrepsOut, this.layoutOut)}, ${this.weightClasses > 1 ? `${this.weightClasses} × ` : ''}${this.weightNumel} weights`
  }

  protected override acceptState(name: string, found: Tensor): Tensor | 'ignore' | undefined {
    return acceptWeights(this.weight, name, found)
  }
}
