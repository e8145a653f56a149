import { PolynomialError } from '../errors.ts'
import { HostArray } from '../math/host-array.ts'
import type { NestedNumbers } from '../math/nested-numbers.ts'
import { SegmentedOperand } from './operand.ts'
import { Path } from './path.ts'
import { SegmentedTensorProduct } from './segmented-tensor-product.ts'
import { asSubscripts, Subscripts } from './subscripts.ts'
import type { ModeExtents } from './transforms/index.ts'

/** A segment of an operand in a new path: one that exists, by number (negative from the end); or a new one, by its extents. */
export type SegmentChoice = number | null | readonly number[] | ModeExtents

export interface PathOptions {
  /** Coefficients: one axis for every coefficient mode. */
  readonly c: NestedNumbers | HostArray
  /** Extents of modes that no segment tells. */
  readonly dims?: ModeExtents
}

/**
 * Makes a {@link SegmentedTensorProduct} step by step.
 *
 * @example
 * ```ts
 * const builder = new SegmentedTensorProductBuilder('uv,iu,iv')
 * builder.addPath(null, null, null, { c: 1, dims: { u: 2, v: 3, i: 1 } })
 * const linear = builder.build()
 * ```
 *
 * @throws {SubscriptsError} if the subscripts are malformed.
 */
export class SegmentedTensorProductBuilder {
  readonly subscripts: Subscripts
  readonly #segments: (readonly number[])[][]
  #paths: Path[] = []

  constructor(subscripts: Subscripts | string) {
    this.subscripts = asSubscripts(subscripts)
    this.#segments = this.subscripts.operands.map(() => [])
  }

  /** Operands of single numbers, `numSegments[k]` of them in operand k: what scalar-coefficient paths without modes need. */
  static emptySegments(numSegments: readonly number[]): SegmentedTensorProductBuilder {
    const builder = new SegmentedTensorProductBuilder(Subscripts.fromOperands(numSegments.map(() => '')))
    for (const [k, n] of numSegments.entries()) builder.addSegments(k, SegmentedOperand.emptySegments(n).segments)
    return builder
  }

  /** Goes on from a product that exists. */
  static from(product: SegmentedTensorProduct): SegmentedTensorProductBuilder {
    const builder = new SegmentedTensorProductBuilder(product.subscripts)
    for (const [k, operand] of product.operands.entries()) builder.addSegments(k, operand.segments)
    builder.#paths = [...product.paths]
    return builder
  }

  /**
   * Adds a segment behind the others of its operand, and returns its number.
   *
   * @throws {PolynomialError} if the operand does not exist, or the extents do not fit its modes.
   */
  addSegment(operand: number, segment: readonly number[] | ModeExtents): number {
    const own = this.#segmentsOf(operand)
    own.push(this.#shape(operand, segment))
    return own.length - 1
  }

  addSegments(operand: number, segments: Iterable<readonly number[] | ModeExtents>): this {
    for (const segment of segments) this.addSegment(operand, segment)
    return this
  }

  /** Adds segments in front of segment `at`; paths are renumbered. @throws {PolynomialError} if there is no such position. */
  insertSegments(operand: number, at: number, segments: Iterable<readonly number[] | ModeExtents>): this {
    const own = this.#segmentsOf(operand)
    const position = at < 0 ? at + own.length : at
    if (!(Number.isInteger(position) && position >= 0 && position <= own.length))
      throw new PolynomialError(`insertSegments: position ${at} of operand ${operand} of '${this.subscripts.text}' is outside its ${own.length} segments`)
    const shapes = [...segments].map((segment) => this.#shape(operand, segment))
    own.splice(position, 0, ...shapes)
    const renumber = (segment: number, k: number) => (k === operand && segment >= position ? segment + shapes.length : segment)
    this.#paths = this.#paths.map((path) => path.withIndices(path.indices.map(renumber)))
    return this
  }

  /**
   * Adds a path: one segment for every operand, then the coefficients. A number names a segment that exists; extents, or
   * `null` where they follow from the other segments, the coefficients and `dims`, make a new segment.
   *
   * @throws {PolynomialError} if the number of segments is wrong, a segment does not exist, coefficients have the wrong number
   * of axes, or an extent is missing or contradicted.
   */
  addPath(...args: readonly [...segments: SegmentChoice[], options: PathOptions]): this {
    const choices = args.slice(0, -1) as readonly SegmentChoice[]
    const { c, dims = {} } = args[args.length - 1] as PathOptions
    const where = `addPath to '${this.subscripts.text}'`
    if (choices.length !== this.subscripts.numOperands) throw new PolynomialError(`${where}: got ${choices.length} segments, but there are ${this.subscripts.numOperands} operands; pass one for each, then { c }`)
    const coefficients = c instanceof HostArray ? c : HostArray.from(c)
    if (coefficients.ndim !== this.subscripts.coefficients.length)
      throw new PolynomialError(`${where}: coefficients have shape [${coefficients.shape.join(', ')}], but their modes are '${this.subscripts.coefficients}'; pass one axis for each`)

    const known = new Map<string, number>()
    const learn = (mode: string, extent: number, source: string) => {
      const before = known.get(mode) ?? extent
      if (before !== extent) throw new PolynomialError(`${where}: mode '${mode}' is ${extent} in ${source}, but ${before} elsewhere`)
      known.set(mode, extent)
    }
    for (const [mode, extent] of Object.entries(dims)) learn(mode, extent, 'dims')
    for (const [axis, mode] of [...this.subscripts.coefficients].entries()) learn(mode, coefficients.shape[axis] ?? 0, 'the coefficients')
    for (const [k, choice] of choices.entries())
      for (const [mode, extent] of this.#knownExtents(where, k, choice)) learn(mode, extent, `the segment of operand ${k}`)

    // Nothing is changed before everything is known to fit.
    const path = new Path([], coefficients)
    const shapes = choices.map((choice, k) => (typeof choice === 'number' ? undefined : this.#resolve(where, k, known)))
    const indices = choices.map((choice, k) => {
      if (typeof choice === 'number') return this.#index(where, k, choice)
      return this.addSegment(k, shapes[k] ?? [])
    })
    this.#paths.push(path.withIndices(indices))
    return this
  }

  /** @throws {SubscriptsError} if a mode occurs only once. */
  build(): SegmentedTensorProduct {
    const operands = this.#segments.map((segments, k) => new SegmentedOperand([...segments], this.subscripts.operands[k]?.length ?? 0))
    return new SegmentedTensorProduct(this.subscripts, operands, [...this.#paths])
  }

  #segmentsOf(operand: number): (readonly number[])[] {
    const own = this.#segments[operand]
    if (!own) throw new PolynomialError(`'${this.subscripts.text}' has no operand ${operand}; it has ${this.subscripts.numOperands}`)
    return own
  }

  #index(where: string, operand: number, choice: number): number {
    const count = this.#segmentsOf(operand).length
    const index = choice < 0 ? choice + count : choice
    if (!(Number.isInteger(index) && index >= 0 && index < count)) throw new PolynomialError(`${where}: operand ${operand} has no segment ${choice}; it has ${count}`)
    return index
  }

  #shape(operand: number, segment: readonly number[] | ModeExtents): readonly number[] {
    const modes = [...(this.subscripts.operands[operand] ?? '')]
    const where = `operand ${operand} of '${this.subscripts.text}'`
    const shape = isShape(segment) ? [...segment] : modes.map((mode) => (Object.hasOwn(segment, mode) ? segment[mode] : undefined))
    const complete = shape.filter((extent) => extent !== undefined)
    const numNamed = isShape(segment) ? shape.length : Object.keys(segment).length
    if (complete.length !== modes.length || numNamed !== modes.length)
      throw new PolynomialError(`a segment of ${where} has modes '${modes.join('')}', but got ${JSON.stringify(segment)}; give the extent of each`)
    if (!complete.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
      throw new PolynomialError(`a segment of ${where} has extents [${complete.join(', ')}]; extents must be non-negative integers`)
    return complete
  }

  /** What a choice of segment says about extents. */
  #knownExtents(where: string, operand: number, choice: SegmentChoice): readonly (readonly [string, number])[] {
    if (choice === null) return []
    const modes = [...(this.subscripts.operands[operand] ?? '')]
    if (typeof choice !== 'number' && !isShape(choice)) {
      const foreign = Object.keys(choice).find((mode) => !modes.includes(mode))
      if (foreign !== undefined) throw new PolynomialError(`${where}: operand ${operand} has modes '${modes.join('')}', but its segment names '${foreign}'`)
      return Object.entries(choice)
    }
    const shape = isShape(choice) ? choice : (this.#segmentsOf(operand)[this.#index(where, operand, choice)] ?? [])
    if (shape.length !== modes.length) throw new PolynomialError(`${where}: operand ${operand} has modes '${modes.join('')}', but its segment is [${shape.join(', ')}]`)
    return modes.map((mode, axis) => [mode, shape[axis] ?? 0])
  }

  #resolve(where: string, operand: number, known: ReadonlyMap<string, number>): readonly number[] {
    const modes = [...(this.subscripts.operands[operand] ?? '')]
    const shape = modes.map((mode) => {
      const extent = known.get(mode)
      if (extent === undefined) throw new PolynomialError(`${where}: the extent of mode '${mode}' of operand ${operand} is not known; pass dims: { ${mode}: n }`)
      return extent
    })
    return this.#shape(operand, shape)
  }
}

function isShape(segment: SegmentChoice): segment is readonly number[] {
  return Array.isArray(segment)
}
