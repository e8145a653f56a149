import { irMul, type EquivariantPolynomial, type Irreps, type IrrepsLike, type Layout } from '@equivar/core'
import type { Gathered, NDArray } from '@equivar/engine'
import type { Parameter } from '../module/parameter.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { irrepsOfOperand, layoutText, Operation, type EvaluationOptions } from './operation.ts'
import { irrepsOf, layoutOf, requireOneGroup, weightPlace, type OperationOptions, type PairLayoutOptions, type WeightOptions } from './options.ts'
import { relayout } from './relayout.ts'
import { acceptWeights, callOf, weightOperand, type WeightCall } from './weights.ts'

/** Options of every product of two inputs. */
export interface PairProductOptions extends OperationOptions, PairLayoutOptions, WeightOptions {
  readonly irrepsIn1: IrrepsLike
  readonly irrepsIn2: IrrepsLike
}

/** Rows of an input, or those that indices pick. */
type Rows = readonly [x: Tensor, indices?: Tensor | undefined]

/** A product of two inputs with weights: irreps, layouts, weights and checks that such products share. State: `weight`. */
export abstract class PairProduct extends Operation {
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
  /** From weights and both inputs to the output. */
  protected readonly descriptor: EquivariantPolynomial

  /**
   * @param others further irreps, which must be of the same group
   * @param describe the product of two irreps
   */
  constructor(
    options: PairProductOptions,
    others: { readonly [name: string]: Irreps | undefined },
    describe: (irrepsIn1: Irreps, irrepsIn2: Irreps) => EquivariantPolynomial,
  ) {
    super(options)
    this.irrepsIn1 = irrepsOf(options.irrepsIn1)
    this.irrepsIn2 = irrepsOf(options.irrepsIn2)
    requireOneGroup(new.target.name, { irrepsIn1: this.irrepsIn1, irrepsIn2: this.irrepsIn2, ...others })
    this.layoutIn1 = layoutOf(options.layoutIn1, options.layout)
    this.layoutIn2 = layoutOf(options.layoutIn2, options.layout)
    this.layoutOut = layoutOf(options.layoutOut, options.layout)
    const { sharedWeights, internalWeights } = weightPlace(new.target.name, options)
    this.sharedWeights = sharedWeights
    this.internalWeights = internalWeights
    this.descriptor = describe(this.irrepsIn1, this.irrepsIn2)
    this.irrepsOut = irrepsOfOperand(this.descriptor.outputs[0])
    this.weightNumel = this.descriptor.inputs[0].dim
    this.weight = internalWeights ? this.normalParameter([1, this.weightNumel]) : undefined
  }

  /** The options of a call. @throws {ShapeError} {DimensionError} {DtypeError} {InputError} if inputs do not fit, or weights are given twice. */
  protected checkedCall<Call extends WeightCall>(x1: Tensor, x2: Tensor, weight: Tensor | Call | undefined, options: Call | undefined): Call | WeightCall {
    const call = callOf(this.constructor.name, weight, options)
    this.requireRows('x1', x1, this.irrepsIn1)
    this.requireRows('x2', x2, this.irrepsIn2)
    if (call.weight) this.requireDtype('weight', call.weight)
    return call
  }

  /** The weights of a call of so many rows. @throws {InputError} {ShapeError} {DimensionError} if they are missing, given twice, or do not fit. */
  protected weightsFor({ weight }: WeightCall, rows: number): NDArray | Gathered {
    const { weight: internal, sharedWeights: shared, weightNumel: numel } = this
    return weightOperand({ what: this.constructor.name, internal, external: weight, shared, classes: 1, numel, rows })
  }

  /** The product in the layouts of inputs and output; to be called inside of a scope. */
  protected product(weights: NDArray | Gathered, [x1, indices1]: Rows, [x2, indices2]: Rows, options: EvaluationOptions): NDArray {
    const left = relayout(x1.array, this.irrepsIn1, this.layoutIn1, irMul)
    const right = relayout(x2.array, this.irrepsIn2, this.layoutIn2, irMul)
    const operands = [weights, indices1 ? { array: left, indices: indices1.array } : left, indices2 ? { array: right, indices: indices2.array } : right]
    return relayout(this.evaluateOne(this.descriptor.polynomial, operands, options), this.irrepsOut, irMul, this.layoutOut)
  }

  protected override describe(): string {
    const inputs = `${layoutText(this.irrepsIn1, this.layoutIn1)} ⊗ ${layoutText(this.irrepsIn2, this.layoutIn2)}`
    return `${inputs} → ${layoutText(this.irrepsOut, this.layoutOut)}, ${this.weightNumel} weights`
  }

  protected override acceptState(name: string, found: Tensor): Tensor | 'ignore' | undefined {
    return acceptWeights(this.weight, name, found)
  }
}
