import type { Expression, KernelBuilder, Memory } from '../../kernels/index.ts'
import { tileSizes, type UnitShape } from './unit-shape.ts'

/** Elements that a lane reads at once. */
const width = 4

/** The sums of a lane, as rows and columns of the block of a program. */
export interface LaneBlock {
  readonly rows: readonly Expression[]
  readonly columns: readonly Expression[]
  /** Columns that lie next to each other. */
  readonly adjacent: number
}

/**
 * Lanes lie as a grid over the block. Of a side whose rows or columns lie in one piece a lane has fours of neighbours, of another every so
 * many: neighbouring lanes then read from different banks.
 */
export function laneBlockOf(b: KernelBuilder, { lanes, rows, columns, orders }: UnitShape): LaneBlock {
  const across = Math.min(columns / width, Math.sqrt(lanes))
  const down = lanes / across
  const lane = b.lane()
  const of = (own: Expression, count: number, others: number, areAdjacent: boolean) =>
    Array.from({ length: count }, (_, k) => (areAdjacent ? own.mul(width).add(Math.floor(k / width) * others * width + (k % width)) : own.add(k * others)))
  return {
    rows: of(lane.div(across), rows / down, down, orders.a === 'columns'),
    columns: of(lane.rem(across), columns / across, across, orders.b === 'rows'),
    adjacent: orders.b === 'rows' ? width : 1,
  }
}

/** `sums[i, j] + Σ_k a[i, k] · b[k, j]` over the steps of a tile, those of a half of both memories, row by row of a lane's block. */
export function multiplyInLanes(
  b: KernelBuilder,
  shape: UnitShape,
  { rows, columns }: LaneBlock,
  [left, right]: readonly [Memory, Memory],
  half: Expression,
  sums: readonly Expression[],
): readonly Expression[] {
  const { depth, orders, strides } = shape
  const sizes = tileSizes(shape)
  const [leftStart, rightStart] = [half.mul(sizes.a), half.mul(sizes.b)]
  return b.loop(0, depth / width, { carry: [...sums] }, (part, own) => {
    const first = part.mul(width)
    let totals = [...own]
    const [lefts, rights] = [
      tileReader(left, leftStart, { inPieces: orders.a === 'rows', stride: strides.a }, rows, first),
      tileReader(right, rightStart, { inPieces: orders.b === 'columns', stride: strides.b }, columns, first),
    ]
    for (let step = 0; step < width; step++) {
      const [x, y] = [lefts(step), rights(step)]
      totals = totals.map((total, k) => {
        const [factor, other] = [x[Math.floor(k / columns.length)], y[k % columns.length]]
        return factor && other ? factor.fma(other, total) : total
      })
    }
    return totals
  })
}

interface Layout {
  /** Whether steps of a row or column lie next to each other. */
  readonly inPieces: boolean
  readonly stride: number
}

/** Reads a lane's elements of four steps; by step. */
function tileReader(
  memory: Memory,
  start: Expression,
  { inPieces, stride }: Layout,
  lines: readonly Expression[],
  first: Expression,
): (step: number) => readonly Expression[] {
  if (!inPieces) return (step) => lines.map((line) => memory.load(start.add(first.add(step).mul(stride)).add(line)))
  const read = lines.map((line) => Array.from({ length: width }, (_, step) => memory.load(start.add(line.mul(stride)).add(first).add(step))))
  return (step) => read.flatMap((steps) => steps[step] ?? [])
}
