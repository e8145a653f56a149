import { PolynomialError, ShapeError } from '../errors.ts'
import { HostArray, sizeOf } from '../math/host-array.ts'
import { inspectSymbol } from '../math/inspect.ts'
import { backward, jvp, transpose, type Derivative } from './derivatives.ts'
import { broadcastShapes, evaluateLastOperand } from './evaluate-tensor-product.ts'
import { mapProducts, mapTerms } from './map-products.ts'
import type { SegmentedOperand } from './operand.ts'
import { Operation } from './operation.ts'
import type { PolynomialParts, Term } from './polynomial-parts.ts'
import type { SegmentedTensorProduct } from './segmented-tensor-product.ts'
import * as rewrites from './rewrites/index.ts'
import { splitOperandBySegment, splitOperandBySize } from './split-operand.ts'
import { parseJson } from './serialization/index.ts'
import { polynomialFromJson, type PolynomialJson, polynomialToJson } from './serialization/polynomial-json.ts'
import { compareTerms, sortOperands } from './terms.ts'
import { polynomialToText } from './text/polynomial-text.ts'
import { memory } from './transforms/cost.ts'
import { flattenCoefficientModes, flattenModes, type FlattenOptions } from './transforms/flatten-modes.ts'
import { squeezeModes } from './transforms/squeeze-modes.ts'

/** A polynomial p as two: `p(w, x…) = main(table(w), x…)`. */
export interface FoldedPolynomial {
  readonly table: SegmentedPolynomial
  readonly main: SegmentedPolynomial
  readonly numPathsBefore: number
  readonly numPaths: number
}

/**
 * `outputs[o] = Σ_operations tensorProduct(inputs[…])`: several outputs, each a sum of segmented tensor products in which an
 * input may occur more than once. A derivative of a polynomial is a polynomial.
 *
 * The constructor brings it into a canonical order: operands of an operation by buffer (the output last), operations by
 * output, buffers and content. Equal polynomials then have equal keys.
 *
 * @throws {PolynomialError} if an operation names a buffer that does not exist, or its operands differ from the buffers.
 */
export class SegmentedPolynomial implements PolynomialParts {
  readonly inputs: readonly SegmentedOperand[]
  readonly outputs: readonly SegmentedOperand[]
  readonly operations: readonly Term[]
  #key: string | undefined

  constructor(inputs: readonly SegmentedOperand[], outputs: readonly SegmentedOperand[], operations: readonly Term[]) {
    const buffers = [...inputs, ...outputs]
    for (const [operation, product] of operations) requireFit(operation, product, buffers, inputs.length)
    this.inputs = Object.freeze([...inputs])
    this.outputs = Object.freeze([...outputs])
    this.operations = Object.freeze(operations.map(sortOperands).sort(compareTerms))
  }

  static fromParts({ inputs, outputs, operations }: PolynomialParts): SegmentedPolynomial {
    return new SegmentedPolynomial(inputs, outputs, operations)
  }

  /** A polynomial of one product whose last operand is the only output. */
  static evalLastOperand(product: SegmentedTensorProduct): SegmentedPolynomial {
    const last = product.operands[product.numOperands - 1]
    if (!last) throw new PolynomialError(`SegmentedPolynomial: '${product.subscripts.toString()}' has no operand to be the output`)
    return new SegmentedPolynomial(product.operands.slice(0, -1), [last], [[new Operation(product.operands.map((_, k) => k)), product]])
  }

  /** Several polynomials side by side, some of their operands joined. See {@link rewrites.stack}. */
  static stack(polynomials: readonly PolynomialParts[], isStacked: readonly boolean[]): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.stack(polynomials, isStacked))
  }

  /** Products that bring segments of their own to the operands that are `null`. See {@link rewrites.stackTensorProducts}. */
  static stackTensorProducts(
    inputs: readonly (SegmentedOperand | null)[],
    outputs: readonly (SegmentedOperand | null)[],
    terms: readonly Term[],
  ): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.stackTensorProducts(inputs, outputs, terms))
  }

  /** Sum of polynomials on one set of operands. See {@link rewrites.concatenate}. */
  static concatenate(
    inputs: readonly SegmentedOperand[],
    outputs: readonly SegmentedOperand[],
    polynomials: readonly (readonly [PolynomialParts, readonly (number | null)[]])[],
  ): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.concatenate(inputs, outputs, polynomials))
  }

  get numInputs(): number {
    return this.inputs.length
  }

  get numOutputs(): number {
    return this.outputs.length
  }

  get numOperands(): number {
    return this.inputs.length + this.outputs.length
  }

  get operands(): readonly SegmentedOperand[] {
    return [...this.inputs, ...this.outputs]
  }

  /** Canonical text, the identity of the polynomial in every cache. */
  canonicalKey(): string {
    this.#key ??= [
      `${this.numInputs}>${this.numOutputs}`,
      this.inputs.map((operand) => operand.key).join(),
      this.outputs.map((operand) => operand.key).join(),
      ...this.operations.map(([operation, product]) => `${operation.toString()}${product.key}`),
    ].join('\n')
    return this.#key
  }

  equals(other: SegmentedPolynomial): boolean {
    return this === other || this.canonicalKey() === other.canonicalKey()
  }

  /**
   * Values of all outputs by plain loops. Leading axes of the inputs broadcast.
   *
   * @throws {ShapeError} if the number of inputs or a last axis is wrong.
   */
  evaluate(...inputs: readonly HostArray[]): HostArray[] {
    if (inputs.length !== this.numInputs) throw new ShapeError(`SegmentedPolynomial: needs ${this.numInputs} inputs, got ${inputs.length}`)
    for (const [i, input] of inputs.entries())
      if (input.ndim === 0 || input.shape[input.ndim - 1] !== this.inputs[i]?.size)
        throw new ShapeError(`SegmentedPolynomial: input ${i} has shape [${input.shape.join(', ')}], but its last axis must be ${this.inputs[i]?.size ?? 0}`)
    const batch = broadcastShapes(inputs.map((input) => input.shape.slice(0, -1)))
    return this.outputs.map((operand, o) => {
      const total = new Float64Array(sizeOf(batch) * operand.size)
      for (const [operation, product] of this.operations) {
        if (operation.outputBuffer(this.numInputs) !== this.numInputs + o) continue
        const factors = operation.buffers.slice(0, -1).map((buffer) => inputs[buffer] ?? HostArray.zeros([0]))
        for (const [i, value] of evaluateLastOperand(product, factors, batch).data.entries()) total[i] = (total[i] ?? 0) + value
      }
      return new HostArray([...batch, operand.size], total)
    })
  }

  /**
   * Forward derivative: `ẏ = Σ_i (∂y/∂x_i) ẋ_i` as a polynomial of the inputs and of the tangents.
   *
   * @param hasTangent which inputs vary.
   * @returns the polynomial with inputs (inputs, tangents), and a function from (per input, per output) lists to its lists.
   */
  jvp(hasTangent: readonly boolean[]): Derivative<SegmentedPolynomial> {
    return wrap(jvp(this, hasTangent))
  }

  /**
   * Transposed linear map: from (defined inputs, cotangents of outputs) to the cotangents of the undefined inputs.
   *
   * @throws {PolynomialError} if the polynomial is not linear in the undefined inputs.
   */
  transpose(isUndefinedPrimal: readonly boolean[], hasCotangent: readonly boolean[]): Derivative<SegmentedPolynomial> {
    return wrap(transpose(this, isUndefinedPrimal, hasCotangent))
  }

  /** Reverse derivative: `x̄_i = Σ_o (∂y_o/∂x_i)ᵀ ȳ_o` as a polynomial of the inputs and of the cotangents: jvp, then transpose. */
  backward(requiresGradient: readonly boolean[], hasCotangent: readonly boolean[]): Derivative<SegmentedPolynomial> {
    return wrap(backward(this, requiresGradient, hasCotangent))
  }

  /** Unrolls modes in every product. See {@link flattenModes}. */
  flattenModes(modes: Iterable<string>, options: FlattenOptions = {}): SegmentedPolynomial {
    const list = [...modes]
    return SegmentedPolynomial.fromParts(mapProducts(this, (product) => flattenModes(product, list, options)))
  }

  /** Makes every coefficient a number. */
  flattenCoefficientModes(options: FlattenOptions = {}): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(mapProducts(this, (product) => flattenCoefficientModes(product, options)))
  }

  /** Drops modes of extent one in every product; without names also the axes of extent one of operands that nothing uses. */
  squeezeModes(modes?: string): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(modes === undefined ? rewrites.squeezeJointly(this) : mapProducts(this, (product) => squeezeModes(product, modes)))
  }

  /** Cuts a mode into chunks in every product that has it. See {@link splitMode}. */
  splitMode(mode: string, size: number): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(mapProducts(this, (product) => product.splitMode(mode, size)))
  }

  /** Canonical names of modes and order of coefficient axes in every product. */
  canonicalizeSubscripts(): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(mapProducts(this, (product) => product.canonicalizeSubscripts()))
  }

  /** Merges modes of every product that always stand side by side. See {@link consolidateModes}. */
  consolidateModes(): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.mergeModesJointly(this))
  }

  /** Products fused, modes merged and squeezed, what is empty dropped. See {@link rewrites.consolidate}. */
  consolidate(): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.consolidate(this))
  }

  /** Adds up products of the same operands and subscripts. */
  fuseStps(): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.fuseProducts(this))
  }

  /** As a table of coefficients made of one input, and a polynomial of that table and the other inputs. See {@link rewrites.foldOperand}. */
  foldOperand(operand: number): FoldedPolynomial {
    const { table, main, numPathsBefore, numPaths } = rewrites.foldOperand(this, operand)
    return { table: SegmentedPolynomial.fromParts(table), main: SegmentedPolynomial.fromParts(main), numPathsBefore, numPaths }
  }

  /** Makes products symmetric in factors that are one buffer. See {@link rewrites.symmetrizeForIdenticalOperands}. */
  symmetrizeForIdenticalOperands(): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.symmetrizeForIdenticalOperands(this))
  }

  /** Of all orders of equal factors keeps one: fewer paths, the same value. */
  unsymmetrizeForIdenticalOperands(): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.unsymmetrizeForIdenticalOperands(this))
  }

  /** Replaces every term; the operands become what the new terms make of them. `undefined` drops a term. */
  applyFn(f: (operation: Operation, product: SegmentedTensorProduct) => Term | undefined): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(mapTerms(this, ([operation, product]) => f(operation, product)))
  }

  /** All outputs times a number. */
  scale(factor: number): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(mapProducts(this, (product) => product.scale(factor)))
  }

  /** Input i of the result is input `order[i]`. */
  permuteInputs(order: readonly number[]): SegmentedPolynomial {
    const identity = this.outputs.map((_, o) => o)
    return SegmentedPolynomial.fromParts(rewrites.permuteBuffers(this, order, identity))
  }

  /** Output o of the result is output `order[o]`. */
  permuteOutputs(order: readonly number[]): SegmentedPolynomial {
    const identity = this.inputs.map((_, i) => i)
    return SegmentedPolynomial.fromParts(rewrites.permuteBuffers(this, identity, order))
  }

  /** Cuts an operand into several at segments. See {@link splitOperandBySegment}. */
  splitOperandBySegment(operand: number, offsets: readonly number[]): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(splitOperandBySegment(this, operand, offsets))
  }

  /** Cuts an operand into several at elements. See {@link splitOperandBySize}. */
  splitOperandBySize(operand: number, offsets: readonly number[]): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(splitOperandBySize(this, operand, offsets))
  }

  /** Keeps some operands, inputs first. @throws {PolynomialError} if a kept output depends on a dropped input. */
  filterKeepOperands(keep: readonly boolean[]): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.filterKeepOperands(this, keep))
  }

  /** Keeps some outputs, and all inputs. */
  filterKeepOutputs(keep: readonly boolean[]): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.filterKeepOutputs(this, keep))
  }

  filterDropUnusedOperands(): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.filterDropUnusedOperands(this))
  }

  /** Computes only some outputs; the others become zero. */
  computeOnly(compute: readonly boolean[]): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(rewrites.computeOnly(this, compute))
  }

  /** For every operand, inputs first, whether an operation holds it. */
  get usedOperands(): readonly boolean[] {
    return rewrites.usedOperands(this)
  }

  get usedInputs(): readonly boolean[] {
    return this.usedOperands.slice(0, this.numInputs)
  }

  get usedOutputs(): readonly boolean[] {
    return this.usedOperands.slice(this.numInputs)
  }

  /** Additions and multiplications, for a batch. */
  flop(batchSize = 1): number {
    return this.operations.reduce((sum, [, product]) => sum + product.flop(product.numOperands - 1, batchSize), 0)
  }

  /** Numbers in all operands, each times its batch size. */
  memory(batchSizes: readonly number[]): number {
    return memory(this.operands, batchSizes)
  }

  /** Plain data that {@link fromJSON} reads: buffers, and for every operation its buffers, subscripts and paths. */
  toJSON(): PolynomialJson {
    return polynomialToJson(this)
  }

  /**
   * From the data of {@link toJSON}, or from its text.
   *
   * @throws {FormatError} if something is missing, of the wrong kind, out of range, not finite, or absurdly large.
   */
  static fromJSON(json: unknown): SegmentedPolynomial {
    return SegmentedPolynomial.fromParts(polynomialFromJson(typeof json === 'string' ? parseJson(json) : json))
  }

  /** Inputs a, b, …, outputs in capitals, one line for every operation. See {@link polynomialToText}. */
  toString(): string {
    return polynomialToText(this)
  }

  [inspectSymbol](): string {
    return this.toString()
  }
}

function wrap([parts, map]: Derivative<PolynomialParts>): Derivative<SegmentedPolynomial> {
  return [SegmentedPolynomial.fromParts(parts), map]
}

function requireFit(operation: Operation, product: SegmentedTensorProduct, buffers: readonly SegmentedOperand[], numInputs: number): void {
  if (operation.numOperands !== product.numOperands)
    throw new PolynomialError(`SegmentedPolynomial: operation ${operation.toString()} names ${operation.numOperands} buffers, its product '${product.subscripts.toString()}' has ${product.numOperands} operands`)
  operation.outputOperand(numInputs)
  for (const [k, buffer] of operation.buffers.entries()) {
    const expected = buffers[buffer]
    if (!expected) throw new PolynomialError(`SegmentedPolynomial: operation ${operation.toString()} names buffer ${buffer}, but there are ${buffers.length}`)
    const operand = product.operands[k]
    if (operand && !operand.equals(expected))
      throw new PolynomialError(`SegmentedPolynomial: operand ${k} of '${product.subscripts.toString()}' has segments ${operand.toString()}, but buffer ${buffer} has ${expected.toString()}`)
  }
}
