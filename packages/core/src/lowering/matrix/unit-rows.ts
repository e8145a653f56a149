import type { Slot, Target } from '../plan.ts'
import { cachedKernel } from './kernel-cache.ts'
import { floats, integers, type OperandView, type PlanParts } from './plan-parts.ts'
import type { Group } from './rows-term.ts'
import type { MatrixTerm } from './terms.ts'
import { bytesOf } from './tile.ts'
import { pathEntry, unitRowsKernel } from './unit-rows-kernel.ts'
import { hasUnits, type UnitShape, unitShape, vectorOf } from './unit-shape.ts'

/** More rows of weights than this are looked for too long; with fewer entries each, blocks would be mostly empty. */
const [mostWeightRows, entriesWorthUnits] = [128, 16]

interface Tables {
  readonly groups: Slot
  readonly paths: Slot
  readonly factors: Slot
}

/** A term of entries that share their weights, or have those of one of few rows, by matrix units. */
export class UnitRows {
  readonly #view: OperandView
  readonly #term: MatrixTerm
  readonly #target: Target
  readonly #groups: readonly Group[]
  readonly #weightOrder: 'rows' | 'columns'
  readonly #vectors: { readonly x: number; readonly weights: number; readonly y: number }
  readonly #tables: Tables

  private constructor(view: OperandView, term: MatrixTerm, groups: readonly Group[], target: Target) {
    this.#view = view
    this.#target = target
    this.#term = term
    this.#groups = groups
    const [x, weights, y] = [view.input(term.a), view.input(term.b), view.output(term.output)]
    const { paths } = term
    this.#weightOrder = paths.every(({ b }) => b.column !== 1 && b.row === 1) ? 'columns' : 'rows'
    const scalar = view.request.mathScalar
    const isUnit = (stride: number) => (stride === 1 ? 0 : 1)
    this.#vectors = {
      x: vectorOf(scalar, x.access.kind === 'shared' ? 0 : x.size, ...paths.flatMap(({ a, inner }) => [isUnit(a.column), a.offset, a.row, inner])),
      weights: vectorOf(scalar, weights.size, ...paths.flatMap(({ b, inner, columns }) =>
        this.#weightOrder === 'rows' ? [isUnit(b.column), b.offset, b.row, columns] : [isUnit(b.row), b.offset, b.column, inner])),
      y: vectorOf(scalar, y.size, ...groups.flatMap(({ column, offset, row, columns }) => [isUnit(column), offset, row, columns])),
    }
    this.#tables = this.#makeTables()
  }

  /** `undefined` where the types differ, every entry has weights of its own, or the device has no units. */
  static of(view: OperandView, term: MatrixTerm, groups: readonly Group[], target: Target): UnitRows | undefined {
    const [x, weights, y, math] = [view.input(term.a), view.input(term.b), view.output(term.output), view.request.mathScalar]
    const isServed = hasUnits(target, math) && (weights.access.kind === 'shared' || (weights.access.kind === 'indexed' && term.kind === 'rows')) && [x, weights, y].every(({ scalar }) => scalar === math)
    return isServed && groups.length > 0 ? new UnitRows(view, term, groups, target) : undefined
  }

  /** Whether blocks of entries with the same of so many rows of weights are full enough. */
  serves(batchSize: number, weightRows: number): boolean {
    if (this.#view.input(this.#term.b).access.kind === 'shared') return true
    return weightRows > 0 && weightRows <= mostWeightRows && batchSize >= entriesWorthUnits * weightRows
  }

  plan(batchSize: number, weightRows: number, accumulates: boolean, parts: PlanParts): void {
    const [x, weights, y] = [this.#view.input(this.#term.a), this.#view.input(this.#term.b), this.#view.output(this.#term.output)]
    const { paths } = this.#term
    const math = this.#view.request.mathScalar
    const shape = this.#shapeFor(batchSize)
    const { access } = weights
    const order = (part: 'starts' | 'entries'): readonly Slot[] => (access.kind === 'indexed' ? [{ kind: 'order', index: access.index, part }] : [])
    const vectors = this.#vectors
    const options = {
      shape,
      ordered: access.kind === 'indexed',
      gathers: x.access.kind === 'indexed',
      unitInner: paths.every(({ a }) => a.column === 1),
      unitColumns: this.#groups.every(({ column }) => column === 1),
      accumulates,
      vectors,
    } as const
    const blocks = this.#groups.reduce((total, { rows, columns }) => total + (Math.ceil((batchSize * rows) / shape.rows) + (access.kind === 'indexed' ? weightRows : 0)) * Math.ceil(columns / shape.columns), 0)
    parts.launches.push({
      kernel: cachedKernel('unitRows', options, unitRowsKernel),
      grid: [blocks],
      parameters: [batchSize, this.#groups.length, x.access.kind === 'shared' ? 0 : x.size / vectors.x, y.size / vectors.y, ...(access.kind === 'indexed' ? [weightRows, weights.size / vectors.weights] : [])],
      buffers: [
        x.slot,
        weights.slot,
        y.slot,
        this.#tables.groups,
        this.#tables.paths,
        this.#tables.factors,
        ...order('starts'),
        ...order('entries'),
        ...(x.access.kind === 'indexed' ? [this.#view.indices(x.access.index)] : []),
      ],
      flops: batchSize * this.#groups.flatMap((group) => group.paths).reduce((total, { rows, columns, inner }) => total + 2 * rows * columns * inner, 0),
      bytes: batchSize * (bytesOf(math) * x.size + bytesOf(math) * y.size) + weightRows * weights.size * bytesOf(math),
    })
  }

  /** By the largest segment. */
  #shapeFor(batchSize: number): UnitShape {
    const [rows, columns] = [Math.max(...this.#groups.map((group) => group.rows)), Math.max(...this.#groups.map((group) => group.columns))]
    return unitShape(this.#target, this.#view.request.mathScalar, batchSize * rows, columns, this.#groups.length, { a: 'rows', b: this.#weightOrder })
  }

  #makeTables(): Tables {
    const { x, weights, y } = this.#vectors
    const [groupTable, pathTable, factors]: [number[], number[], number[]] = [[], [], []]
    for (const { paths, rows, columns, offset, row, column } of this.#groups) {
      const first = pathTable.length / pathEntry
      groupTable.push(first, first + paths.length, rows, columns, offset / y, row / y, column)
      factors.push(paths[0]?.coefficient ?? 0)
      const [down, across] = this.#weightOrder === 'rows' ? [weights, 1] : [1, weights]
      for (const { inner, a, b } of paths) pathTable.push(inner, a.offset / x, a.row / x, a.column, b.offset / weights, b.row / down, b.column / across)
    }
    return { groups: integers(groupTable), paths: integers(pathTable), factors: floats(this.#view.request.mathScalar, factors) }
  }
}
