import type { Kernel } from '../../kernels/index.ts'
import type { Slot, Target } from '../plan.ts'
import type { FloatScalar, PolynomialSizes } from '../request.ts'
import { cachedKernel } from './kernel-cache.ts'
import { floats, integers, newTemporary, type OperandView, type PlanParts } from './plan-parts.ts'
import { blockEntry, type SumKernelOptions } from './sum-declarations.ts'
import { sumKernel, totalKernel } from './sum-kernel.ts'
import { threadSumKernel } from './thread-sum-kernel.ts'
import type { MatrixTerm } from './terms.ts'
import { bytesOf, productShape, type TileShape, tileShape } from './tile.ts'
import { enoughUnitPrograms, hasUnits, type UnitShape, unitShape, vectorOf } from './unit-shape.ts'
import { unitSumKernel, type UnitSumOptions } from './unit-sum-kernel.ts'

/** How a sum over entries is shared out. */
interface SumTuning {
  /** Programs that there should be, and entries that a program should have. */
  readonly programs: number
  readonly entries: number
  /** Rows that a program copies at a time, at most. */
  readonly chunk: number
  /** Vectors of totals of a program. */
  readonly totalSpan: number
}

/** Many small programs for the many multiprocessors of a GPU; few large ones for threads. */
export function sumTuning({ lanes }: Target): SumTuning {
  return lanes === 'gpu' ? { programs: 2048, entries: 64, chunk: 32, totalSpan: 1 } : { programs: 16, entries: 256, chunk: 64, totalSpan: 64 }
}

/** Programs with matrix units have larger blocks. */
export const unitTuning = { programs: 1584, entries: 64 } as const

/** Largest extent of a block of sums in the memory of a program. */
export const blockExtent = 128

/** The kernel that sums products: threads keep sums in registers, processors in memory. */
export function productSumKernel(target: Target, options: SumKernelOptions): Kernel {
  return target.lanes === 'gpu' ? cachedKernel('threadSum', options, threadSumKernel) : cachedKernel('sum', options, sumKernel)
}

/** Numbers that are read for each that is summed up in parts, at least. */
const readPerSum = 4

/**
 * Shares that so many entries are cut into: enough programs, though most of them may belong to one row of sums, but sums of all parts
 * are little beside what is read.
 */
export function partsOfSum(wanted: Pick<SumTuning, 'programs' | 'entries'>, entries: number, numBlocks: number, numRead: number, numSums: number): number {
  const worthwhile = Math.floor(numRead / (numSums * readPerSum))
  return Math.max(1, Math.min(Math.ceil(wanted.programs / Math.max(1, numBlocks)), Math.ceil(entries / wanted.entries), worthwhile))
}

/** Sums of one term, in a number of parts, one behind another. */
export interface PartialSums {
  readonly slot: Slot
  readonly numParts: number
  /** Parts of other terms that lie in front. */
  readonly before: number
}

/** A term that is added up over entries: `sums[s] = Σ_e Σ_paths c · x[e]ᵀ · g[e]`, in parts. */
export class SumTerm {
  readonly order: number | undefined
  readonly #view: OperandView
  readonly #term: MatrixTerm
  readonly #target: Target
  readonly #shape: TileShape
  readonly #chunk: number
  readonly #tables: SumTables
  readonly #unit: UnitShape | undefined
  readonly #vectors: UnitSumOptions['vectors']

  constructor(view: OperandView, term: MatrixTerm, target: Target) {
    this.#view = view
    this.#term = term
    this.#target = target
    const math = view.request.mathScalar
    this.#shape = sumShape(target, math, Math.max(1, ...term.paths.map(({ columns }) => columns)))
    this.#chunk = chunkRows(target, math, this.#shape)
    const { access } = view.output(term.output)
    this.#unit = unitOfSum(view, term, target)
    this.#vectors = this.#unit ? vectorsOf(view, term) : { x: 1, g: 1 }
    this.#tables = tablesOf(view, term, this.#unit ?? blockOf(target, this.#shape), this.#vectors)
    this.order = access.kind === 'indexed' ? access.index : undefined
  }

  /** Shares of the entries whose sums are made apart: their number depends on sizes only, so results are reproducible. */
  numParts(batchSize: number, rows: number): number {
    const [x, g, sums] = [this.#view.input(this.#term.a), this.#view.input(this.#term.b), this.#view.output(this.#term.output)]
    const tuning = this.#unit ? unitTuning : sumTuning(this.#target)
    return partsOfSum(tuning, batchSize, this.#tables.numBlocks, batchSize * (x.size + g.size), Math.max(1, rows * sums.size))
  }

  /** Adds the launch that writes `numParts · rows · size` sums. */
  plan(sizes: PolynomialSizes, rows: number, { slot, numParts, before }: PartialSums, scalar: FloatScalar, parts: PlanParts): void {
    const { batchSize } = sizes
    const [x, g, sums] = [this.#view.input(this.#term.a), this.#view.input(this.#term.b), this.#view.output(this.#term.output)]
    const math = this.#view.request.mathScalar
    const isOrdered = this.order !== undefined
    const { paths } = this.#term
    const options = {
      shape: this.#shape,
      x: x.scalar,
      g: g.scalar,
      sums: scalar,
      math,
      ordered: isOrdered,
      gathersX: x.access.kind === 'indexed',
      gathersG: g.access.kind === 'indexed',
      unitX: paths.every(({ a }) => a.row === 1),
      unitG: paths.every(({ b }) => b.column === 1),
      chunk: this.#chunk,
      blockExtent,
    }
    const order = (part: 'starts' | 'entries'): Slot => ({ kind: 'order', index: this.order ?? 0, part })
    const { blocks, pathTable, factors, numBlocks, flops } = this.#tables
    if (numBlocks === 0) return
    parts.launches.push({
      kernel: this.#unit ? cachedKernel('unitSum', { ...options, unit: this.#unit, vectors: this.#vectors }, unitSumKernel) : productSumKernel(this.#target, options),
      grid: [numParts, numBlocks, rows],
      parameters: [batchSize, numParts, rows, x.size / this.#vectors.x, g.size / this.#vectors.g, sums.size, before],
      buffers: [
        x.slot,
        g.slot,
        slot,
        blocks,
        pathTable,
        factors,
        ...(isOrdered ? [order('starts'), order('entries')] : []),
        ...(x.access.kind === 'indexed' ? [this.#view.indices(x.access.index)] : []),
        ...(g.access.kind === 'indexed' ? [this.#view.indices(g.access.index)] : []),
      ],
      flops: flops * batchSize,
      bytes: batchSize * (bytesOf(x.scalar) * x.size + bytesOf(g.scalar) * g.size) + numParts * rows * sums.size * bytesOf(scalar),
    })
  }
}

/** The shape of a term that matrix units sum up: of one type, with one factor for all paths of a segment. */
function unitOfSum(view: OperandView, { a, b, paths }: MatrixTerm, target: Target): UnitShape | undefined {
  const [x, g, math] = [view.input(a), view.input(b), view.request.mathScalar]
  if (!hasUnits(target, math) || x.scalar !== math || g.scalar !== math || paths.length === 0) return undefined
  const factors = new Map(paths.map(({ segment, coefficient }) => [segment, coefficient]))
  if (paths.some(({ segment, coefficient }) => factors.get(segment) !== coefficient)) return undefined
  const [rows, columns] = [Math.max(...paths.map((path) => path.rows)), Math.max(...paths.map((path) => path.columns))]
  // Parts of a sum make as many programs as are wanted.
  return unitShape(target, math, rows, columns, rows > 32 || columns > 32 ? enoughUnitPrograms : 1, { a: 'columns', b: 'rows' })
}

/** Elements that are copied at once where rows of x, or columns of g, lie at distance one. */
function vectorsOf(view: OperandView, { a, b, paths }: MatrixTerm): UnitSumOptions['vectors'] {
  const math = view.request.mathScalar
  return {
    x: vectorOf(math, view.input(a).size, ...paths.flatMap(({ a: own, rows }) => [own.row === 1 ? 0 : 1, own.offset, own.column, rows])),
    g: vectorOf(math, view.input(b).size, ...paths.flatMap(({ b: own, columns }) => [own.column === 1 ? 0 : 1, own.offset, own.row, columns])),
  }
}

interface SumTables {
  readonly blocks: Slot
  readonly pathTable: Slot
  readonly factors: Slot
  readonly numBlocks: number
  readonly flops: number
}

function tablesOf(view: OperandView, { output, paths }: MatrixTerm, block: Block, vectors: UnitSumOptions['vectors']): SumTables {
  const { operand } = view.output(output)
  const [blocks, pathTable, factors]: [number[], number[], number[]] = [[], [], []]
  let flops = 0
  for (const [segment, shape] of (operand?.segments ?? []).entries()) {
    const own = paths.filter((path) => path.segment === segment && path.coefficient !== 0)
    const size = shape.reduce((product, extent) => product * extent, 1)
    const [first] = own
    const [rows, columns] = first ? [first.rows, first.columns] : [1, size]
    const [offset, rowStride] = first ? [first.c.offset, first.c.row] : [operand?.offsets[segment] ?? 0, size]
    const firstPath = factors.length
    for (const { inner, a, b, coefficient } of own) {
      pathTable.push(inner, a.offset / vectors.x, a.column / vectors.x, a.row, b.offset / vectors.g, b.row / vectors.g, b.column)
      factors.push(coefficient)
      flops += 2 * rows * columns * inner
    }
    blocks.push(...blocksOf(block, { vectors, firstPath, lastPath: factors.length, rows: size === 0 ? 0 : rows, columns, offset, rowStride }))
  }
  const math = view.request.mathScalar
  return { blocks: integers(blocks), pathTable: integers(pathTable), factors: floats(math, factors), numBlocks: blocks.length / blockEntry, flops }
}

export interface Sums {
  readonly firstPath: number
  readonly lastPath: number
  readonly rows: number
  readonly columns: number
  readonly offset: number
  readonly rowStride: number
  /** What the first rows and columns of blocks are counted in; 1 by default. */
  readonly vectors?: UnitSumOptions['vectors']
}

/** Entries of the table of blocks for one matrix of sums. */
export function blocksOf(block: Block, sums: Sums): readonly number[] {
  const { firstPath, lastPath, rows, columns, offset, rowStride, vectors = { x: 1, g: 1 } } = sums
  const blocks: number[] = []
  for (let r = 0; r < rows; r += block.rows)
    for (let c = 0; c < columns; c += block.columns) {
      const extents = [Math.min(block.rows, rows - r), Math.min(block.columns, columns - c)]
      blocks.push(firstPath, lastPath, r / vectors.x, c / vectors.g, ...extents, offset + r * rowStride + c, rowStride)
    }
  return blocks
}

/** Largest numbers of rows and columns of a block of sums. */
export interface Block {
  readonly rows: number
  readonly columns: number
}

/** What one program sums. */
export function blockOf({ lanes }: Target, { rows, width }: TileShape): Block {
  return lanes === 'gpu' ? { rows, columns: width } : { rows: blockExtent, columns: blockExtent }
}

/** Tiles of rows that divide a panel, from which their elements are taken. */
export function sumShape(target: Target, math: FloatScalar, columns: number): TileShape {
  const shape = productShape(target, math, columns)
  if (target.lanes === 'gpu') return { ...shape, rows: Math.min(math === 'f32' ? 16 : 8, shape.lanes) }
  return { ...shape, rows: [4, 2].find((count) => shape.width % count === 0) ?? 1 }
}

/** Rows that a program copies at a time: both sides in the memory that it has. */
export function chunkRows(target: Target, math: FloatScalar, { width }: TileShape): number {
  const { chunk } = sumTuning(target)
  const panels = Math.ceil(blockExtent / width) * width
  const rows = Math.floor(target.maxSharedBytes / (2 * panels * bytesOf(math)))
  return Math.max(1, Math.min(chunk, rows))
}

/** An output of a plan, and the elements that it has in memory. */
export interface SumOutput {
  readonly slot: Slot
  readonly scalar: FloatScalar
  readonly size: number
}

/** Adds the launch that sums up parts into an output. */
export function addTotal(parts: PlanParts, sums: PartialSums, { slot, scalar, size }: SumOutput, math: FloatScalar, target: Target): void {
  if (size === 0) return
  const { lanes } = tileShape(target, math)
  const { totalSpan: span } = sumTuning(target)
  parts.launches.push({
    kernel: cachedKernel('total', { lanes, math, scalar, span }, totalKernel),
    grid: [Math.ceil(size / (span * lanes))],
    parameters: [size, sums.numParts],
    buffers: [sums.slot, slot],
    flops: size * sums.numParts,
    bytes: size * (sums.numParts * bytesOf(math) + bytesOf(scalar)),
  })
}

/** Memory for the sums of several terms: the output itself where there is nothing to add up afterwards. */
export function placeForSums(parts: PlanParts, numParts: number, { slot, scalar, size }: SumOutput, math: FloatScalar): Slot {
  return numParts === 1 && scalar === math ? slot : newTemporary(parts, math, numParts * size)
}
