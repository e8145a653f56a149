import { type Kernel, KernelBuilder } from '../../kernels/index.ts'
import type { FloatScalar } from '../request.ts'
import { as } from './products.ts'
import type { TileShape } from './tile.ts'

export interface PackOptions {
  readonly shape: TileShape
  readonly lanes: 'simd' | 'gpu'
  readonly source: FloatScalar
  readonly math: FloatScalar
  /** Which axis of a matrix lies at distance one. */
  readonly contiguous: 'columns' | 'rows'
  /** Matrices that no entry needs are left out: those whose part of an order is empty. */
  readonly skipsUnused: boolean
}

/** Numbers of a matrix in the table of a {@link packKernel}. */
const packEntry = 6

/**
 * `packed[matrix][panel][k][lane] = factor · source[k, panel · width + lane]`, zero beyond the last column: every panel of columns
 * lies as the inner loop reads it. Grid: (panels of the widest matrix, matrices of a row, rows).
 *
 * A matrix is described by `packEntry` numbers: its offset in a row, the distances between its rows and between its columns, its
 * numbers of rows and of columns, and its offset in a packed row.
 */
export function packKernel({ shape, lanes, source: scalar, math, contiguous, skipsUnused }: PackOptions): Kernel {
  const { width, vectors } = shape
  const b = new KernelBuilder('packColumns', { lanes: shape.lanes, gridRank: 3 })
  const [sourceStride, packedStride] = [b.parameter('sourceStride', 'index'), b.parameter('packedStride', 'index')]
  const source = b.buffer('source', scalar, 'read')
  const packed = b.buffer('packed', math, 'write')
  const table = b.buffer('matrices', 'i32', 'read')
  const factors = b.buffer('factors', math, 'read')
  const starts = skipsUnused ? b.buffer('starts', 'i32', 'read') : undefined
  const [panel, matrix, row] = [b.programId(0), b.programId(1), b.programId(2)]
  const [offset, rowStride, columnStride, length, columns, target] = Array.from({ length: packEntry }, (_, j) =>
    table.load(matrix.mul(packEntry).add(j)).convert('index'),
  )
  if (!offset || !rowStride || !columnStride || !length || !columns || !target) return b.build()
  const factor = factors.load(matrix)
  const first = panel.mul(width)
  const isNeeded = starts ? first.less(columns).and(starts.load(row).less(starts.load(row.add(1)))) : first.less(columns)
  b.branch(isNeeded, () => {
    const from = row.mul(sourceStride).add(offset).add(first.mul(columnStride))
    const to = row.mul(packedStride).add(target).add(first.mul(length))
    const left = columns.sub(first)
    const copy = (isWhole: boolean) => {
      b.loop(0, length, {}, (k) => {
        const [read, write] = [from.add(k.mul(rowStride)), to.add(k.mul(width))]
        if (contiguous === 'rows' && lanes === 'simd') {
          // One element after another is what a processor does for a gather anyway.
          for (let j = 0; j < width; j++) {
            const position = read.add(columnStride.mul(j))
            const mask = left.greater(j)
            packed.store(write.add(j), as(isWhole ? source.load(position) : source.load(position, { mask }), math).mul(factor))
          }
          return
        }
        for (let v = 0; v < vectors; v++) {
          const done = v * shape.lanes
          const lane = b.lane().add(done)
          const active = left.sub(done)
          const value =
            contiguous === 'columns'
              ? source.loadLanes(read.add(done), isWhole ? {} : { active })
              : source.load(read.add(lane.mul(columnStride)), isWhole ? {} : { mask: lane.less(left) })
          packed.storeLanes(write.add(done), as(value, math).mul(factor))
        }
      })
    }
    b.branch(
      left.greaterEqual(width),
      () => {
        copy(true)
      },
      () => {
        copy(false)
      },
    )
  })
  return b.build()
}
