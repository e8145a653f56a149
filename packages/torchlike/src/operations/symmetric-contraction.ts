import { DimensionError, experimental, InputError, irMul, type EquivariantPolynomial, type Irreps, type IrrepsLike, type Layout } from '@equivar/core'
import { array, einsum, reshape, type MethodChoice } from '@equivar/engine'
import { compute } from '../functions/combine.ts'
import { Buffer, type Parameter } from '../module/parameter.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { layoutText, Operation, requireIndices } from './operation.ts'
import { irrepsOf, layoutOf, requireOneGroup, type CallOptions, type LayoutOptions, type OperationOptions } from './options.ts'
import { relayout } from './relayout.ts'
import { acceptWeights } from './weights.ts'

export interface SymmetricContractionOptions extends OperationOptions, LayoutOptions {
  /** All segments of one multiplicity, as those of `irrepsOut`. */
  readonly irrepsIn: IrrepsLike
  readonly irrepsOut: IrrepsLike
  /** Largest degree ν. */
  readonly contractionDegree: number
  /** Sets of weights, of which every row uses one. */
  readonly numElements: number
  /** Weights as MACE stores them, more than there are independent ones; they are projected when used. Default false. */
  readonly originalMace?: boolean
}

/**
 * `y[L, u] = Σ_{ν=1}^{degree} Σ_η w[element, (L, ν, η), u] · Σ U^{ν,L}_η[a_1 … a_ν] x[a_1, u] · … · x[a_ν, u]`: symmetric polynomials of
 * the features of one atom, channel by channel, with weights by element.
 *
 * `forward(x, indices, { useFallback? })`: x [rows, irrepsIn.dim], indices [rows] int32 in [0, numElements) → [rows, irrepsOut.dim].
 * State: `weight` [numElements, n, mul], n as in the descriptor `symmetricContraction`, or as in MACE with `originalMace`, which then has the
 * buffer `projection` too.
 *
 * Source: Batatia et al., arXiv:2206.07697, equations 10 and 11.
 *
 * @throws {DimensionError} if multiplicities differ. @throws {InputError} {GroupMismatchError} for options and irreps that do not fit.
 */
export class SymmetricContraction extends Operation {
  readonly irrepsIn: Irreps
  readonly irrepsOut: Irreps
  readonly layoutIn: Layout
  readonly layoutOut: Layout
  readonly contractionDegree: number
  readonly numElements: number
  readonly weight: Parameter
  readonly projection: Buffer | undefined
  readonly #descriptor: EquivariantPolynomial

  constructor(options: SymmetricContractionOptions) {
    super(options)
    const { contractionDegree, numElements, originalMace = false } = options
    this.irrepsIn = irrepsOf(options.irrepsIn)
    this.irrepsOut = irrepsOf(options.irrepsOut)
    requireOneGroup('SymmetricContraction', { irrepsIn: this.irrepsIn, irrepsOut: this.irrepsOut })
    for (const [name, value] of Object.entries({ contractionDegree, numElements }))
      if (!(Number.isSafeInteger(value) && value >= 1)) throw new InputError(`SymmetricContraction: ${name} is ${value}; it must be a positive integer`)
    const muls = new Set([...this.irrepsIn.muls, ...this.irrepsOut.muls])
    const [mul] = muls
    if (muls.size !== 1 || mul === undefined)
      throw new DimensionError(`SymmetricContraction: '${this.irrepsIn.toString()}' and '${this.irrepsOut.toString()}' must have one multiplicity in all segments`)
    this.layoutIn = layoutOf(options.layoutIn, options.layout)
    this.layoutOut = layoutOf(options.layoutOut, options.layout)
    this.contractionDegree = contractionDegree
    this.numElements = numElements
    const degrees = Array.from({ length: contractionDegree }, (_, i) => i + 1)
    const [descriptor, projection] = experimental.mace.symmetricContraction(this.irrepsIn, this.irrepsOut, degrees)
    const [rows, independent] = projection.shape
    this.#descriptor = descriptor
    this.weight = this.normalParameter([numElements, originalMace ? rows : independent, mul])
    this.projection = originalMace ? new Buffer(array(projection.data, { shape: projection.shape, dtype: this.dtype, device: this.initialDevice })) : undefined
  }

  /** @throws {ShapeError} {DimensionError} {DtypeError} if inputs do not fit. @throws {InputError} for an index that is no element. */
  forward(x: Tensor, indices: Tensor, options: CallOptions = {}): Tensor {
    this.requireRows('x', x, this.irrepsIn)
    requireIndices('SymmetricContraction', 'indices', indices)
    if (x.shape[0] !== indices.size) throw new DimensionError(`SymmetricContraction: ${indices.size} indices for ${x.shape[0] ?? 0} rows of x; every row needs its element`)
    return compute(() => {
      const own = this.projection ? einsum('zau,ab->zbu', this.weight.array, this.projection.array) : this.weight.array
      const weights = { array: reshape(own, [this.numElements, this.#descriptor.inputs[0].dim]), indices: indices.array }
      const input = relayout(x.array, this.irrepsIn, this.layoutIn, irMul)
      const output = this.evaluateOne(this.#descriptor.polynomial, [weights, input], { ...options, batchSize: indices.size })
      return relayout(output, this.irrepsOut, irMul, this.layoutOut)
    })
  }

  protected override compiledMethod(): MethodChoice {
    return 'uniform_1d'
  }

  protected override describe(): string {
    const { irrepsIn, irrepsOut, contractionDegree, numElements } = this
    return `${layoutText(irrepsIn, this.layoutIn)} → ${layoutText(irrepsOut, this.layoutOut)}, degrees 1 to ${contractionDegree}, ${numElements} elements × ${this.weight.shape.slice(1).join(' × ')} weights`
  }

  protected override acceptState(name: string, found: Tensor): Tensor | 'ignore' | undefined {
    return acceptWeights(this.weight, name, found)
  }
}
