import { DimensionError, InputError, IrrepsAndLayout, SegmentedPolynomial as Polynomial, ShapeError } from '@equivar/core'
import type { EquivariantPolynomial, Layout, LayoutLike, Rep } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { FloatDType, MethodChoice, NDArray, OutputTarget } from '@equivar/engine'
import { Module } from '../module/module.ts'
import { Tensor } from '../tensor/tensor.ts'
import { commonRows, requireIndices } from './operation.ts'
import { fallbackMethod, layoutOf, type CallOptions } from './options.ts'
import { relayout } from './relayout.ts'

export interface SegmentedPolynomialModuleOptions {
  readonly polynomial: Polynomial
  /** Default `'auto'`. */
  readonly method?: MethodChoice
  /** The older form of `method`: true is `'naive'`, false `'uniform_1d'`. */
  readonly useFallback?: boolean
  /** Dtype of computation. Default: that of the first input. */
  readonly mathDtype?: FloatDType
  /** For every output the input whose dtype it takes, or −1 for the dtype of computation. Default: the first input's, where there is one. */
  readonly outputDtypeMap?: readonly number[]
}

export interface SegmentedPolynomialCall extends CallOptions {
  /** By number of the input: int32 of one axis, entry b uses that row. */
  readonly inputIndices?: { readonly [input: number]: Tensor }
  /** By number of the output: the number of its rows; 1 sums over all entries. Default: one row an entry. */
  readonly outputRows?: { readonly [output: number]: number }
  /** By number of the output: int32 of one axis, entry b is added to that row; needs the number of rows. */
  readonly outputIndices?: { readonly [output: number]: Tensor }
}

/**
 * `out_k += Σ_operations Σ_paths einsum(coefficients, in_i, …)` for every entry: any segmented polynomial as a module.
 *
 * `forward(inputs, { inputIndices?, outputRows?, outputIndices?, useFallback? })`: every input is [rows, size], of one row or as many as there
 * are entries, or gathered by indices. A list with a tensor [rows, size] for every output.
 *
 * @throws {InputError} for anything but a segmented polynomial (take `.polynomial` of an equivariant one).
 */
export class SegmentedPolynomial extends Module {
  readonly polynomial: Polynomial
  readonly method: MethodChoice
  readonly mathDtype: FloatDType | undefined
  readonly outputDtypeMap: readonly number[]

  constructor({ polynomial, method, useFallback, mathDtype, outputDtypeMap }: SegmentedPolynomialModuleOptions) {
    super()
    if (method !== undefined && useFallback !== undefined) throw new InputError('SegmentedPolynomial: method and useFallback say the same; pass method alone')
    if (!(polynomial instanceof Polynomial)) throw new InputError("SegmentedPolynomial: polynomial must be a core.SegmentedPolynomial; pass an equivariant polynomial's .polynomial")
    this.polynomial = polynomial
    this.method = method ?? (useFallback === undefined ? 'auto' : fallbackMethod(useFallback, 'uniform_1d'))
    this.mathDtype = mathDtype
    this.outputDtypeMap = outputDtypeMap ?? polynomial.outputs.map(() => (polynomial.numInputs > 0 ? 0 : -1))
    if (this.outputDtypeMap.length !== polynomial.numOutputs || !this.outputDtypeMap.every((i) => Number.isInteger(i) && i >= -1 && i < polynomial.numInputs))
      throw new InputError(`SegmentedPolynomial: outputDtypeMap [${this.outputDtypeMap.join(', ')}] must name one of ${polynomial.numInputs} inputs, or −1, for each of ${polynomial.numOutputs} outputs`)
  }

  /** @throws {InputError} {ShapeError} {DimensionError} {DtypeError} if inputs, indices or rows do not fit. */
  forward(inputs: readonly Tensor[], call: SegmentedPolynomialCall = {}): Tensor[] {
    const { inputIndices = {}, outputRows = {}, outputIndices = {}, useFallback } = call
    const { polynomial } = this
    const what = 'SegmentedPolynomial'
    if (inputs.length !== polynomial.numInputs) throw new InputError(`${what}: got ${inputs.length} inputs, the polynomial has ${polynomial.numInputs}`)
    for (const [i, x] of inputs.entries()) {
      if (x.ndim !== 2) throw new ShapeError(`${what}: input ${i} has shape [${x.shape.join(', ')}]; it must be a matrix of rows`)
      if (x.shape[1] !== polynomial.inputs[i]?.size) throw new DimensionError(`${what}: rows of input ${i} have ${x.shape[1] ?? 0} numbers, the operand ${polynomial.inputs[i]?.size ?? 0}`)
    }
    for (const [name, indices, count] of [['inputIndices', inputIndices, polynomial.numInputs], ['outputIndices', outputIndices, polynomial.numOutputs]] as const)
      for (const [key, own] of Object.entries(indices)) {
        if (!(Number(key) < count)) throw new InputError(`${what}: ${name} names operand ${key} of ${count}`)
        requireIndices(what, `${name}[${key}]`, own)
      }
    const rows = Object.fromEntries([
      ...inputs.map((x, i) => [`input ${i}`, (inputIndices[i] ?? x).shape[0]] as const),
      ...Object.entries(outputIndices).map(([k, own]) => [`outputIndices[${k}]`, own.shape[0]] as const),
      ...Object.entries(outputRows).map(([k, own]) => [`outputRows[${k}]`, outputIndices[Number(k)] ? 1 : own] as const),
    ])
    const batchSize = commonRows(what, rows)
    const targets = polynomial.outputs.map((_, k): OutputTarget => {
      const [indices, count] = [outputIndices[k], outputRows[k]]
      if (indices && count === undefined) throw new InputError(`${what}: outputIndices[${k}] needs outputRows[${k}], the number of rows of the output`)
      if (indices && count !== undefined) return { indices: indices.array, rows: count }
      return count === 1 && batchSize !== 1 ? 'shared' : 'batched'
    })
    const math = this.mathDtype ?? floatOf(inputs[0])
    const compiled = this.method === 'auto' || this.method === 'naive' ? 'uniform_1d' : this.method
    const method = useFallback === undefined ? this.method : fallbackMethod(useFallback, compiled)
    const outputs = engine.scope(() => {
      const operands = inputs.map((x, i) => {
        const array = engine.cast(x.array, math)
        const indices = inputIndices[i]
        return indices ? { array, indices: indices.array } : array
      })
      const results = engine.segmentedPolynomial(polynomial, operands, { outputs: targets, batchSize, ...(method === 'auto' ? {} : { method }) })
      return results.map((result, k) => engine.cast(result, inputs[this.outputDtypeMap[k] ?? -1]?.dtype ?? math))
    })
    return outputs.map((output) => new Tensor(output))
  }

  protected override describe(): string {
    return `${this.polynomial.numInputs} inputs, ${this.polynomial.numOutputs} outputs, method '${this.method}'`
  }
}

export interface EquivariantTensorProductOptions {
  /** With one output. */
  readonly polynomial: EquivariantPolynomial
  /** Of all operands that have none of their own. Default: that of `assume`, else `mulIr`. */
  readonly layout?: LayoutLike
  /** Of every input. */
  readonly layoutIn?: readonly (LayoutLike | undefined)[]
  readonly layoutOut?: LayoutLike
  readonly method?: MethodChoice
  readonly useFallback?: boolean
  readonly mathDtype?: FloatDType
}

export interface EquivariantTensorProductCall extends CallOptions {
  /** int32 of one axis: entry b uses that row of the first input. */
  readonly indices?: Tensor
}

/** An equivariant polynomial with one output as a module, in any layouts: `forward([x1, x2, …], { indices? })`, rows of irreps each. */
export class EquivariantTensorProduct extends Module {
  readonly descriptor: EquivariantPolynomial
  readonly layoutIn: readonly Layout[]
  readonly layoutOut: Layout
  readonly #inner: SegmentedPolynomial

  /** @throws {InputError} unless the polynomial has one output. */
  constructor({ polynomial, layout, layoutIn = [], layoutOut, ...options }: EquivariantTensorProductOptions) {
    super()
    if (polynomial.numOutputs !== 1) throw new InputError(`EquivariantTensorProduct: the polynomial has ${polynomial.numOutputs} outputs, but must have one; use SegmentedPolynomial`)
    this.descriptor = polynomial
    this.layoutIn = polynomial.inputs.map((_, i) => layoutOf(layoutIn[i], layout))
    this.layoutOut = layoutOf(layoutOut, layout)
    this.#inner = new SegmentedPolynomial({ polynomial: polynomial.polynomial, ...options })
  }

  /** @throws {InputError} {ShapeError} {DimensionError} {DtypeError} if inputs or indices do not fit. */
  forward(inputs: readonly Tensor[], { indices, useFallback }: EquivariantTensorProductCall = {}): Tensor {
    const { descriptor } = this
    const converted = inputs.map((x, i) => {
      const rep = descriptor.inputs[i]
      const layout = this.layoutIn[i]
      return rep && layout ? inLayout(x, rep, layout) : x
    })
    const gathered = indices ? { inputIndices: { 0: indices } } : {}
    const [output] = this.#inner.forward(converted, { ...gathered, ...(useFallback === undefined ? {} : { useFallback }) })
    if (!output) throw new InputError('EquivariantTensorProduct: no output')
    const result = outOfDescriptor(output.array, descriptor.outputs[0], this.layoutOut)
    return result === output.array ? output : new Tensor(result)
  }
}

/** As the descriptor takes it. */
function inLayout(x: Tensor, rep: Rep, layout: Layout): Tensor {
  if (!(rep instanceof IrrepsAndLayout) || x.ndim !== 2 || x.shape[1] !== rep.dim) return x
  const array = engine.scope(() => {
    const y = relayout(x.array, rep.irreps, layout, rep.layout)
    return y === x.array ? y.share() : y
  })
  return new Tensor(array)
}

function outOfDescriptor(x: NDArray, rep: Rep, layout: Layout): NDArray {
  return rep instanceof IrrepsAndLayout ? engine.scope(() => relayout(x, rep.irreps, rep.layout, layout)) : x
}

function floatOf(x: Tensor | undefined): FloatDType {
  return x?.dtype === 'float64' ? 'float64' : 'float32'
}
