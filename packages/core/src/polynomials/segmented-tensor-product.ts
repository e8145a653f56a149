import { PolynomialError, ShapeError } from '../errors.ts'
import { HostArray, sizeOf } from '../math/host-array.ts'
import { inspectSymbol } from '../math/inspect.ts'
import { evaluateLastOperand } from './evaluate-tensor-product.ts'
import type { SegmentedOperand } from './operand.ts'
import type { TensorProductParts } from './parts.ts'
import { compareNumbers, type Path } from './path.ts'
import {
  compressText,
  decodeBase64,
  decompressText,
  encodeBase64,
  type ExtendedTensorProductJson,
  parseJson,
  tensorProductFromJson,
  type TensorProductJson,
  tensorProductToExtendedJson,
  tensorProductToJson,
} from './serialization/index.ts'
import { type ModeMapping, Subscripts } from './subscripts.ts'
import { tensorProductToLine, tensorProductToText } from './text/tensor-product-text.ts'
import { validateTensorProduct } from './tensor-product-checks.ts'
import * as transforms from './transforms/index.ts'

/**
 * `out[s_last] += einsum(c, op_0[s_0], op_1[s_1], …)` for every path: a sparse multilinear map between flat arrays that are
 * cut into segments. Which operand is the output is decided by the one who uses it; by convention the last.
 *
 * Immutable; every transformation returns a new product.
 *
 * @throws {PolynomialError} if operands, paths and subscripts do not fit.
 */
export class SegmentedTensorProduct implements TensorProductParts {
  readonly subscripts: Subscripts
  readonly operands: readonly SegmentedOperand[]
  readonly paths: readonly Path[]
  #key: string | undefined

  constructor(subscripts: Subscripts | string, operands: readonly SegmentedOperand[], paths: readonly Path[]) {
    this.subscripts = typeof subscripts === 'string' ? new Subscripts(subscripts) : subscripts
    this.operands = Object.freeze([...operands])
    this.paths = Object.freeze([...paths])
    validateTensorProduct(this)
  }

  static fromParts({ subscripts, operands, paths }: TensorProductParts): SegmentedTensorProduct {
    return new SegmentedTensorProduct(subscripts, operands, paths)
  }

  get numOperands(): number {
    return this.operands.length
  }

  get numPaths(): number {
    return this.paths.length
  }

  get coefficientSubscripts(): string {
    return this.subscripts.coefficients
  }

  /** Canonical text of everything that decides the values; equal products have equal keys. */
  get key(): string {
    this.#key ??= [
      this.subscripts.toString(),
      ...this.operands.map((operand) => operand.key),
      this.paths.map((path) => `${path.indices.join()}:${path.coefficients.shape.join('x')}:${path.coefficients.data.join()}`).join(';'),
    ].join('|')
    return this.#key
  }

  equals(other: SegmentedTensorProduct): boolean {
    return this === other || this.key === other.key
  }

  /**
   * Value of the last operand, `out[s_last] += einsum(c, op_0[s_0], …)`; leading axes of the inputs broadcast.
   *
   * @throws {ShapeError} if the number of inputs or a last axis is wrong, or leading axes do not broadcast.
   */
  evaluate(...inputs: readonly HostArray[]): HostArray {
    return evaluateLastOperand(this, inputs)
  }

  /**
   * {@link evaluate} of arrays whose segments lie along other axes than the last: `axes` has one entry for every operand, the
   * result's being the last.
   *
   * @throws {ShapeError} if an array does not have its axis.
   */
  evaluateAlong(axes: readonly number[], ...inputs: readonly HostArray[]): HostArray {
    const moved = inputs.map((input, k) => moveAxis(input, axes[k] ?? -1, input.ndim - 1))
    const result = this.evaluate(...moved)
    return moveAxis(result, result.ndim - 1, axes[this.numOperands - 1] ?? -1)
  }

  /** Segment of every operand, path by path. */
  get indices(): readonly (readonly number[])[] {
    return this.paths.map((path) => path.indices)
  }

  /** Coefficients of all paths with paths as first axis. @throws {PolynomialError} if their shapes differ, or there is no path. */
  get stackedCoefficients(): HostArray {
    const [first] = this.paths
    const shape = first?.coefficients.shape
    if (!shape || this.paths.some(({ coefficients }) => compareNumbers(coefficients.shape, shape) !== 0))
      throw new PolynomialError(`stackedCoefficients: '${this.subscripts.text}' needs at least one path and one shape of coefficients; flatten the coefficient modes first`)
    const size = sizeOf(shape)
    const data = new Float64Array(this.numPaths * size)
    for (const [n, path] of this.paths.entries()) data.set(path.coefficients.data, n * size)
    return new HostArray([this.numPaths, ...shape], data)
  }

  /** All extents that a mode has in some segment. @throws {PolynomialError} if there is no such mode. */
  getDims(mode: string): ReadonlySet<number> {
    const found = this.getDimensions().get(mode)
    if (!found) throw new PolynomialError(`getDims: '${this.subscripts.text}' has no mode '${mode}'`)
    return found
  }

  /** All extents of every mode. */
  getDimensions(): ReadonlyMap<string, ReadonlySet<number>> {
    return transforms.dimensionsOf(this)
  }

  /** Extent of every mode in one path. @throws {PolynomialError} if there is no such path. */
  getPathDimensions(path: number): ReadonlyMap<string, number> {
    const found = this.paths[path]
    if (!found) throw new PolynomialError(`getPathDimensions: '${this.subscripts.text}' has no path ${path}; it has ${this.numPaths}`)
    const extents = transforms.extentsOf(this)(found)
    return new Map(this.subscripts.modes.map((mode, slot) => [mode, extents[slot] ?? 0]))
  }

  /** Every segment of every operand occurs in a path. */
  allSegmentsAreUsed(): boolean {
    return this.operands.every((operand, k) => new Set(this.paths.map((path) => path.indices[k])).size === operand.numSegments)
  }

  /** See {@link transforms.compressedPathSegment}. */
  compressedPathSegment(operand: number): readonly number[] {
    return transforms.compressedPathSegment(this, operand)
  }

  operandsWithIdenticalSegments(): readonly (readonly number[])[] {
    return transforms.operandsWithIdenticalSegments(this)
  }

  /** All permutations of operands that leave the product as it is. See {@link transforms.symmetries}. */
  symmetries(): readonly (readonly number[])[] {
    return transforms.symmetries(this)
  }

  /** Additions and multiplications to compute one operand, by default the last, a batch of times. See {@link transforms.flop}. */
  flop(operand: number = this.numOperands - 1, batchSize = 1): number {
    return transforms.flop(this, operand) * batchSize
  }

  /** Numbers in all operands, each times its batch size. */
  memory(batchSizes: readonly number[]): number {
    return transforms.memory(this.operands, batchSizes)
  }

  /** Renames modes by first appearance, coefficient axes in alphabetical order. */
  canonicalizeSubscripts(): SegmentedTensorProduct {
    return wrap(transforms.canonicalizeSubscripts(this))
  }

  /** See {@link transforms.addOrRenameModes}. */
  addOrRenameModes(subscripts: Subscripts | string, mapping?: ModeMapping): SegmentedTensorProduct {
    return wrap(transforms.addOrRenameModes(this, subscripts, mapping))
  }

  /** See {@link transforms.addOrTransposeModes}. */
  addOrTransposeModes(subscripts: Subscripts | string, extents?: transforms.ModeExtents): SegmentedTensorProduct {
    return wrap(transforms.addOrTransposeModes(this, subscripts, extents))
  }

  /** See {@link transforms.appendModesToAllOperands}. */
  appendModesToAllOperands(modes: string, extents: transforms.ModeExtents): SegmentedTensorProduct {
    return wrap(transforms.appendModesToAllOperands(this, modes, extents))
  }

  /** Operand k of the result is operand `order[k]`. @throws {PolynomialError} unless `order` is a permutation. */
  permuteOperands(order: readonly number[]): SegmentedTensorProduct {
    return wrap(transforms.permuteOperands(this, order))
  }

  /** See {@link transforms.moveOperand}. */
  moveOperand(from: number, to: number): SegmentedTensorProduct {
    return wrap(transforms.moveOperand(this, from, to))
  }

  moveOperandFirst(operand: number): SegmentedTensorProduct {
    return this.moveOperand(operand, 0)
  }

  moveOperandLast(operand: number): SegmentedTensorProduct {
    return this.moveOperand(operand, -1)
  }

  /** See {@link transforms.permuteSegments}. */
  permuteSegments(operand: number, order: readonly number[]): SegmentedTensorProduct {
    return wrap(transforms.permuteSegments(this, operand, order))
  }

  /** See {@link transforms.sortPaths}. */
  sortPaths(operands?: number | readonly number[]): SegmentedTensorProduct {
    return wrap(transforms.sortPaths(this, operands))
  }

  /** See {@link transforms.squeezeModes}. */
  squeezeModes(modes?: string): SegmentedTensorProduct {
    return wrap(transforms.squeezeModes(this, modes))
  }

  /** See {@link transforms.splitMode}. */
  splitMode(mode: string, size: number): SegmentedTensorProduct {
    return wrap(transforms.splitMode(this, mode, size))
  }

  /** See {@link transforms.flattenModes}. */
  flattenModes(modes: Iterable<string>, options?: transforms.FlattenOptions): SegmentedTensorProduct {
    return wrap(transforms.flattenModes(this, modes, options))
  }

  /** See {@link transforms.flattenCoefficientModes}. */
  flattenCoefficientModes(options?: transforms.FlattenOptions): SegmentedTensorProduct {
    return wrap(transforms.flattenCoefficientModes(this, options))
  }

  /** See {@link transforms.consolidateModes}. */
  consolidateModes(modes?: string): SegmentedTensorProduct {
    return wrap(transforms.consolidateModes(this, modes))
  }

  /** See {@link transforms.normalizePathsForOperand}. */
  normalizePathsForOperand(operand: number): SegmentedTensorProduct {
    return wrap(transforms.normalizePathsForOperand(this, operand))
  }

  removeZeroPaths(): SegmentedTensorProduct {
    return wrap(transforms.removeZeroPaths(this))
  }

  /** Adds up the coefficients of paths with the same segments. */
  fusePathsWithSameIndices(): SegmentedTensorProduct {
    return wrap(transforms.fusePathsWithSameIndices(this))
  }

  /** Equal paths added up, zeros dropped, sorted. */
  consolidatePaths(): SegmentedTensorProduct {
    return wrap(transforms.consolidatePaths(this))
  }

  /** See {@link transforms.sortIndicesForIdenticalOperands}. */
  sortIndicesForIdenticalOperands(operands: readonly number[]): SegmentedTensorProduct {
    return wrap(transforms.sortIndicesForIdenticalOperands(this, operands))
  }

  /** See {@link transforms.symmetrizeOperands}. */
  symmetrizeOperands(operands: readonly number[], force?: boolean): SegmentedTensorProduct {
    return wrap(transforms.symmetrizeOperands(this, operands, force))
  }

  /** Drops segments without elements, and the paths that use them. */
  removeEmptySegments(): SegmentedTensorProduct {
    return wrap(transforms.removeEmptySegments(this))
  }

  roundCoefficientsToRational(): SegmentedTensorProduct {
    return wrap(transforms.roundCoefficientsToRational(this))
  }

  roundCoefficientsToSqrtRational(): SegmentedTensorProduct {
    return wrap(transforms.roundCoefficientsToSqrtRational(this))
  }

  /** Replaces the coefficients of every path. */
  modifyCoefficients(f: (coefficients: HostArray) => HostArray): SegmentedTensorProduct {
    return wrap(transforms.modifyCoefficients(this, f))
  }

  /** All coefficients times a number. */
  scale(factor: number): SegmentedTensorProduct {
    return wrap(transforms.scaleCoefficients(this, factor))
  }

  /** See {@link transforms.sliceBySegment}. */
  sliceBySegment(...slices: readonly transforms.Slice[]): SegmentedTensorProduct {
    return wrap(transforms.sliceBySegment(this, slices))
  }

  /** See {@link transforms.sliceBySize}. */
  sliceBySize(...slices: readonly transforms.Slice[]): SegmentedTensorProduct {
    return wrap(transforms.sliceBySize(this, slices))
  }

  /** Sum over operand i of this and operand j of another product, for every `[i, j]`. See {@link transforms.dot}. */
  dot(other: TensorProductParts, ...contractions: readonly transforms.Contraction[]): SegmentedTensorProduct {
    return wrap(transforms.dot(this, other, ...contractions))
  }

  /** Sum over operands i and j being the same, for every `[i, j]`. See {@link transforms.trace}. */
  trace(...contractions: readonly transforms.Contraction[]): SegmentedTensorProduct {
    return wrap(transforms.trace(this, ...contractions))
  }

  /** See {@link transforms.dispatch}. */
  *dispatch(targets: readonly (Subscripts | string)[], permutations: transforms.OperandPermutations): Generator<transforms.Dispatched<SegmentedTensorProduct>> {
    for (const { product, permutation } of transforms.dispatch(this, targets, permutations)) yield { product: wrap(product), permutation }
  }

  /** Plain data with the names of cuEquivariance's files: subscripts, operands, paths. */
  toJSON(): TensorProductJson {
    return tensorProductToJson(this)
  }

  /** {@link toJSON} with sizes, offsets, operation counts and memory, for readers that cannot compute them. */
  toExtendedJSON(): ExtendedTensorProductJson {
    return tensorProductToExtendedJson(this)
  }

  /**
   * From the data of {@link toJSON} or {@link toExtendedJSON}, or from their text.
   *
   * @throws {FormatError} if something is missing, of the wrong kind, out of range, not finite, or absurdly large.
   */
  static fromJSON(json: unknown): SegmentedTensorProduct {
    return SegmentedTensorProduct.fromParts(tensorProductFromJson(typeof json === 'string' ? parseJson(json) : json))
  }

  /** The text of {@link toJSON}, or of the extended form, as a zlib stream. */
  async toBytes({ extended = false }: { readonly extended?: boolean } = {}): Promise<Uint8Array> {
    return compressText(JSON.stringify(extended ? this.toExtendedJSON() : this.toJSON()))
  }

  /** @throws {FormatError} if the bytes are cut off, damaged, or inflate to something else. */
  static async fromBytes(bytes: Uint8Array): Promise<SegmentedTensorProduct> {
    return SegmentedTensorProduct.fromJSON(await decompressText(bytes))
  }

  /** {@link toBytes} as text. */
  async toBase64(options: { readonly extended?: boolean } = {}): Promise<string> {
    return encodeBase64(await this.toBytes(options))
  }

  /** @throws {FormatError} if the text is not what {@link toBase64} makes. */
  static async fromBase64(text: string): Promise<SegmentedTensorProduct> {
    return SegmentedTensorProduct.fromBytes(decodeBase64(text))
  }

  /** One line: subscripts, sizes, numbers of segments and paths, extents of modes. */
  toString(): string {
    return tensorProductToLine(this)
  }

  /** Every segment, cost and path, for people to read. */
  toText(): string {
    return tensorProductToText(this)
  }

  [inspectSymbol](): string {
    return `SegmentedTensorProduct ${this.toString()}`
  }
}

/** The array with one axis taken out and put in again elsewhere; negative axes count from the end. */
function moveAxis(array: HostArray, from: number, to: number): HostArray {
  const { ndim } = array
  const [source, target] = [from < 0 ? from + ndim : from, to < 0 ? to + ndim : to]
  if (!(Number.isInteger(source) && source >= 0 && source < ndim && Number.isInteger(target) && target >= 0 && target < ndim))
    throw new ShapeError(`evaluateAlong: an array of shape [${array.shape.join(', ')}] has no axis ${source >= 0 && source < ndim ? to : from}`)
  const order = Array.from({ length: ndim }, (_, axis) => axis).filter((axis) => axis !== source)
  order.splice(target, 0, source)
  return array.permute(order)
}

function wrap(parts: TensorProductParts): SegmentedTensorProduct {
  return parts instanceof SegmentedTensorProduct ? parts : SegmentedTensorProduct.fromParts(parts)
}
