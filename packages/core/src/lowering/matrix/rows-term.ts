import { DimensionError } from '../../errors.ts'
import type { Slot, Target } from '../plan.ts'
import type { FloatScalar, PolynomialSizes } from '../request.ts'
import { cachedKernel } from './kernel-cache.ts'
import { packKernel } from './pack-kernel.ts'
import { rowsKernel, type RowsKernelOptions } from './rows-kernel.ts'
import { floats, inputRows, integers, newTemporary, type OperandView, type PlanParts } from './plan-parts.ts'
import type { MatrixPath, MatrixTerm } from './terms.ts'
import { bytesOf, productShape, rowsFor, type TileShape } from './tile.ts'
import { UnitRows } from './unit-rows.ts'

/** Segment of the output, and the paths that lead to it. */
export interface Group {
  readonly rows: number
  readonly columns: number
  readonly offset: number
  readonly row: number
  readonly column: number
  readonly paths: readonly MatrixPath[]
}

/** Entries a row of weights that make it worth packing. */
const entriesWorthPacking = 8

/**
 * Rows of weights of which programs look for their own in the order, even with few entries, or only with many; with more rows every
 * entry goes to its weights by itself.
 */
const [fewRows, manyRows] = [128, 1024]

/**
 * A term whose entries have rows of their own in x and y: `y[e] (+)= Σ_paths c · x[e] · w[…]`, all segments of y in one launch. Tables
 * are made once; a plan adds sizes.
 */
export class RowsTerm {
  readonly order: number | undefined
  readonly #target: Target
  readonly #view: OperandView
  readonly #term: MatrixTerm
  readonly #groups: readonly Group[]
  readonly #shape: TileShape
  /** Paths of one segment differ in their coefficient, so that the weights must be multiplied by it. */
  readonly #foldsCoefficients: boolean
  readonly #tables: ReturnType<typeof tablesOf>
  readonly #units: UnitRows | undefined

  constructor(view: OperandView, term: MatrixTerm, target: Target) {
    this.#view = view
    this.#term = term
    this.#target = target
    this.#groups = groupsOf(view, term)
    this.#shape = productShape(target, view.request.mathScalar, Math.max(1, ...this.#groups.map(({ columns }) => columns)))
    this.#foldsCoefficients = this.#groups.some(({ paths }) => paths.some(({ coefficient }) => coefficient !== paths[0]?.coefficient))
    const { access } = view.input(term.b)
    this.order = access.kind === 'indexed' && term.kind === 'rows' ? access.index : undefined
    this.#tables = tablesOf(this.#groups, view.request.mathScalar, this.#shape.width, this.#foldsCoefficients)
    this.#units = this.#foldsCoefficients ? undefined : UnitRows.of(view, term, this.#groups, target)
  }

  /** Adds the launches for these sizes. @throws {DimensionError} beyond 2^31 − 1 elements. */
  plan(sizes: PolynomialSizes, accumulates: boolean, parts: PlanParts): void {
    const { batchSize } = sizes
    if (batchSize === 0 || this.#groups.length === 0) return
    const [x, weights, y] = [this.#view.input(this.#term.a), this.#view.input(this.#term.b), this.#view.output(this.#term.output)]
    requireAddressable('x', x.access.kind === 'shared' ? 1 : inputRows(sizes, this.#term.a), x.size)
    requireAddressable('y', batchSize, y.size)
    const weightRows = weights.access.kind === 'shared' ? 1 : inputRows(sizes, this.#term.b)
    if (this.#units?.serves(batchSize, weightRows)) {
      this.#units.plan(batchSize, weightRows, accumulates, parts)
      return
    }
    const math = this.#view.request.mathScalar
    const isOrdered = this.order !== undefined && weightRows <= Math.max(fewRows, Math.min(manyRows, batchSize / entriesWorthPacking))
    const entriesPerRow = isOrdered ? batchSize / weightRows : weights.access.kind === 'shared' ? batchSize : 1
    const { paths } = this.#term
    const isUnit = paths.every(({ b }) => b.column === 1)
    const packed = this.#foldsCoefficients || (weights.access.kind === 'shared' || isOrdered ? !isUnit || entriesPerRow >= entriesWorthPacking : false)
    const weightRow = weights.access.kind === 'shared' ? 'shared' : isOrdered ? 'ordered' : weights.access.kind === 'batched' ? 'own' : 'indexed'
    const ownEntries = weightRow === 'own' || weightRow === 'indexed'
    const mostRows = Math.max(1, ...this.#groups.map(({ rows }) => rows))
    const tileEntries = ownEntries ? 1 : entriesOfTile(batchSize, mostRows, isOrdered ? weightRows : 1)
    const options: RowsKernelOptions = {
      shape: { ...this.#shape, rows: rowsFor(ownEntries ? mostRows : Math.max(16, batchSize * mostRows), this.#shape) },
      x: x.scalar,
      weights: packed ? math : weights.scalar,
      y: y.scalar,
      math,
      entries: isOrdered ? 'ordered' : 'all',
      weightRow,
      gathers: x.access.kind === 'indexed',
      columns: packed ? 'packed' : isUnit ? 'unit' : 'strided',
      unitInner: paths.every(({ a }) => a.column === 1),
      unitColumns: this.#groups.every(({ column }) => column === 1),
      singlePath: this.#groups.every((group) => group.paths.length <= 1),
      accumulates,
      tilesFirst: this.#target.lanes === 'gpu',
    }
    const right = packed ? this.#pack(weightRows, isOrdered, parts) : weights.slot
    const order = (part: 'starts' | 'entries'): Slot => ({ kind: 'order', index: this.order ?? 0, part })
    const tiles = isOrdered ? Math.ceil(batchSize / tileEntries) + weightRows : Math.ceil(batchSize / tileEntries)
    const { groups, packedPaths, plainPaths, factors, flops, packedSize } = this.#tables
    parts.launches.push({
      kernel: cachedKernel('rows', options, rowsKernel),
      grid: options.tilesFirst ? [tiles, this.#groups.length] : [this.#groups.length, tiles],
      parameters: [batchSize, tileEntries, weightRows, x.access.kind === 'shared' ? 0 : x.size, weightRow === 'shared' ? 0 : packed ? packedSize : weights.size, y.size],
      buffers: [
        x.slot,
        right,
        y.slot,
        groups,
        packed ? packedPaths : plainPaths,
        factors,
        ...(isOrdered ? [order('starts'), order('entries')] : []),
        ...(x.access.kind === 'indexed' ? [this.#view.indices(x.access.index)] : []),
        ...(weightRow === 'indexed' && weights.access.kind === 'indexed' ? [this.#view.indices(weights.access.index)] : []),
      ],
      flops: flops * batchSize,
      bytes: batchSize * (bytesOf(x.scalar) * x.size + bytesOf(y.scalar) * y.size) + weightRows * weights.size * bytesOf(weights.scalar),
    })
  }

  #pack(rows: number, isOrdered: boolean, parts: PlanParts): Slot {
    const weights = this.#view.input(this.#term.b)
    const math = this.#view.request.mathScalar
    const { matrices, matrixFactors, numPaths, packedSize, widest } = this.#tables
    const packed = newTemporary(parts, math, packedSize * rows)
    const contiguous = this.#term.paths.every(({ b }) => b.column === 1) ? 'columns' : 'rows'
    const options = { shape: { ...this.#shape, rows: 1 }, lanes: this.#target.lanes, source: weights.scalar, math, contiguous, skipsUnused: isOrdered } as const
    parts.launches.push({
      kernel: cachedKernel('pack', options, packKernel),
      grid: [Math.ceil(widest / this.#shape.width), numPaths, rows],
      parameters: [weights.size, packedSize],
      buffers: [
        weights.slot,
        packed,
        matrices,
        matrixFactors,
        ...(isOrdered ? [{ kind: 'order', index: this.order ?? 0, part: 'starts' } as const] : []),
      ],
      flops: 0,
      bytes: rows * (weights.size * bytesOf(weights.scalar) + packedSize * bytesOf(math)),
    })
    return packed
  }
}

/** Programs remember where rows begin in 32 bits. */
function requireAddressable(name: string, rows: number, size: number): void {
  if (rows * size >= 2 ** 31)
    throw new DimensionError(`lowerMatrix: ${name} has ${rows} rows of ${size} elements, more than 2^31 − 1 elements; split the batch`)
}

/** Entries of a program: whole tiles of rows for every segment, fewer where there are few, so that there is something to share out. */
function entriesOfTile(batchSize: number, mostRows: number, weightRows: number): number {
  const most = Math.max(1, Math.floor(96 / mostRows / 4)) * 4
  const share = Math.ceil(batchSize / (4 * weightRows) / 4) * 4
  return Math.max(4, Math.min(most, share))
}

/** Segments of the output with elements, all of them, so that every element is written. */
function groupsOf(view: OperandView, { output, paths }: MatrixTerm): readonly Group[] {
  const { operand } = view.output(output)
  if (!operand) return []
  return operand.segments.flatMap((shape, segment) => {
    const own = paths.filter((path) => path.segment === segment && path.coefficient !== 0)
    const size = shape.reduce((product, extent) => product * extent, 1)
    const [first] = own
    const offset = operand.offsets[segment] ?? 0
    if (size === 0) return []
    if (!first) return [{ rows: 1, columns: size, offset, row: 0, column: 1, paths: [] }]
    return [{ rows: first.rows, columns: first.columns, offset: first.c.offset, row: first.c.row, column: first.c.column, paths: own }]
  })
}

/** What launches look up, made once: a device then uploads it once. */
function tablesOf(groups: readonly Group[], math: FloatScalar, width: number, foldsCoefficients: boolean) {
  const [groupTable, plainPaths, packedPaths, matrices]: [number[], number[], number[], number[]] = [[], [], [], []]
  const [factors, matrixFactors]: [number[], number[]] = [[], []]
  let [numPaths, packedSize, widest, flops] = [0, 0, 0, 0]
  for (const { paths, rows, columns, offset, row, column } of groups) {
    groupTable.push(numPaths, numPaths + paths.length, rows, columns, offset, row, column)
    factors.push(foldsCoefficients ? 1 : (paths[0]?.coefficient ?? 0))
    for (const { inner, a, b, coefficient } of paths) {
      plainPaths.push(inner, a.offset, a.row, a.column, b.offset, b.row, b.column)
      packedPaths.push(inner, a.offset, a.row, a.column, packedSize, width, 1)
      matrices.push(b.offset, b.row, b.column, inner, columns, packedSize)
      matrixFactors.push(foldsCoefficients ? coefficient : 1)
      packedSize += Math.ceil(columns / width) * width * inner
      widest = Math.max(widest, columns)
      flops += 2 * rows * columns * inner
    }
    numPaths += paths.length
  }
  return {
    groups: integers(groupTable),
    plainPaths: integers(plainPaths),
    packedPaths: integers(packedPaths),
    factors: floats(math, factors),
    matrices: integers(matrices),
    matrixFactors: floats(math, matrixFactors),
    numPaths,
    packedSize,
    widest,
    flops,
  }
}
