import { type Expression, type Kernel, KernelBuilder, type Memory, varying } from '../../kernels/index.ts'
import type { FloatScalar } from '../request.ts'
import { addProducts, as, atEdge, loadColumns, stepMemory, storeColumns, zeros } from './products.ts'
import type { TileShape } from './tile.ts'

export interface RowsKernelOptions {
  readonly shape: TileShape
  readonly x: FloatScalar
  readonly weights: FloatScalar
  readonly y: FloatScalar
  readonly math: FloatScalar
  /** Entries one after another, or those of one row of weights after those of another. */
  readonly entries: 'all' | 'ordered'
  /** Row of weights: the first, that of the entries' order, the entry's own, or what an index array says of the entry. */
  readonly weightRow: 'shared' | 'ordered' | 'own' | 'indexed'
  /** The row of x is what an index array says. */
  readonly gathers: boolean
  readonly columns: 'packed' | 'unit' | 'strided'
  /** Inner steps of x, and columns of y, lie at distance one. */
  readonly unitInner: boolean
  readonly unitColumns: boolean
  /** At most one path leads to a segment. */
  readonly singlePath: boolean
  readonly accumulates: boolean
  /**
   * Neighbouring programs have tiles of one segment, so that programs that run at once read the same weights; otherwise segments of one
   * tile, so that a thread reads rows of x once.
   */
  readonly tilesFirst: boolean
}

/** Numbers of a group (a segment of y) and of a path in the tables of a {@link rowsKernel}. */
const groupEntry = 7
const pathEntry = 7

/** Rows of which a program remembers the places. */
const rememberedRows = 96

/**
 * `y[e][row, column] (+)= factor · Σ_paths Σ_inner x[e][row, inner] · weights[e][inner, column]` for the entries e of a tile and the
 * rows of a segment. Grid: (segments of y, tiles of entries), or the other way.
 *
 * A group: first and last path, rows, columns, offset, distances of rows and columns in y. A path: inner extent, offset and distances
 * of rows and inner steps in x, offset and distances of inner steps and columns in the weights.
 */
export function rowsKernel(options: RowsKernelOptions): Kernel {
  const { shape, math, entries, weightRow, gathers, columns, unitInner, unitColumns, singlePath, accumulates, tilesFirst } = options
  const { rows: tileRows, vectors, width, lanes } = shape
  const b = new KernelBuilder('rowsProduct', { lanes, gridRank: 2 })
  const parameter = (name: string) => b.parameter(name, 'index')
  const [batch, tileEntries, numWeightRows] = [parameter('batch'), parameter('tileEntries'), parameter('numWeightRows')]
  const [xStride, weightStride, yStride] = [parameter('xStride'), parameter('weightStride'), parameter('yStride')]
  const x = b.buffer('x', options.x, 'read')
  const weights = b.buffer('weights', options.weights, 'read')
  const y = b.buffer('y', options.y, accumulates ? 'readWrite' : 'write')
  const [groups, paths, factors] = [b.buffer('groups', 'i32', 'read'), b.buffer('paths', 'i32', 'read'), b.buffer('factors', math, 'read')]
  const order = entries === 'ordered' ? { starts: b.buffer('starts', 'i32', 'read'), entries: b.buffer('entries', 'i32', 'read') } : undefined
  const xIndices = gathers ? b.buffer('xIndices', 'i32', 'read') : undefined
  const weightIndices = weightRow === 'indexed' ? b.buffer('weightIndices', 'i32', 'read') : undefined
  const [rowX, rowY, rowOf] = [b.shared('rowX', 'i32', rememberedRows), b.shared('rowY', 'i32', rememberedRows), b.shared('rowOf', 'i32', rememberedRows)]

  const steps = stepMemory(b, shape, math)

  const [group, tile] = tilesFirst ? [b.programId(1), b.programId(0)] : [b.programId(0), b.programId(1)]
  const ofGroup = (j: number) => groups.load(group.mul(groupEntry).add(j)).convert('index')
  const [firstPath, lastPath, groupRows, groupColumns] = [ofGroup(0), ofGroup(1), ofGroup(2), ofGroup(3)]
  const [yOffset, yRow, yColumn] = [ofGroup(4), ofGroup(5), ofGroup(6)]
  const factor = factors.load(group)
  const { first, last, row: orderRow } = order ? orderedTile(b, tile, tileEntries, numWeightRows, order.starts) : plainTile(b, tile, tileEntries, batch)
  const rows = last.sub(first).mul(groupRows)
  const weightRows = {
    shared: () => b.constant('index', 0),
    ordered: () => orderRow,
    own: () => first,
    indexed: () => (weightIndices ? weightIndices.load(first).convert('index') : first),
  }
  const weightBase = weightRows[weightRow]().mul(weightStride)

  b.loop(0, rows, { step: rememberedRows }, (blockStart) => {
    const blockRows = rows.sub(blockStart).min(rememberedRows)
    b.barrier()
    // Whole tiles: rows beyond the last repeat it, they compute and store the same.
    b.loop(0, blockRows.add(tileRows - 1).div(tileRows).mul(tileRows), {}, (r) => {
      const row = blockStart.add(r.min(blockRows.sub(1)))
      const place = first.add(row.div(groupRows))
      const entry = order ? order.entries.load(place).convert('index') : place
      const source = xIndices ? xIndices.load(entry).convert('index') : entry
      rowX.store(r, source.mul(xStride).convert('i32'))
      rowY.store(r, entry.mul(yStride).convert('i32'))
      rowOf.store(r, row.rem(groupRows).convert('i32'))
    })
    b.barrier()
    b.loop(0, groupColumns, { step: width }, (column) => {
      const remaining = groupColumns.sub(column)
      b.loop(0, blockRows, { step: tileRows }, (r0) => {
        const own = Array.from({ length: tileRows }, (_, r) => r0.add(r))
        const remembered = (memory: Memory) => own.map((r) => memory.load(r).convert('index'))
        const addPath = (path: Expression, before: readonly Expression[], active: Expression | undefined) => {
          const ofPath = (j: number) => paths.load(path.mul(pathEntry).add(j)).convert('index')
          const [length, xOffset, xRow, xInner, wOffset, wInner, wColumn] = [ofPath(0), ofPath(1), ofPath(2), ofPath(3), ofPath(4), ofPath(5), ofPath(6)]
          const components = remembered(rowOf)
          const starts = remembered(rowX).map((start, r) => start.add((components[r] ?? start).mul(xRow)).add(xOffset))
          const panel = weightBase.add(wOffset).add(columns === 'packed' ? column.mul(length) : column.mul(columns === 'unit' ? 1 : wColumn))
          return addProducts(b, before, shape, {
            length,
            a: (r, k, mask) => as(x.load((starts[r] ?? xOffset).add(unitInner ? k : k.mul(xInner)), mask ? { mask } : {}), math),
            b: (v, k) => {
              if (columns === 'packed') return weights.loadLanes(panel.add(k.mul(width)).add(v * lanes))
              const base = panel.add(k.mul(wInner))
              const distance = columns === 'unit' ? v * lanes : wColumn.mul(v * lanes)
              return as(loadColumns(b, weights, base.add(distance), columns === 'unit' ? 'unit' : wColumn, active?.sub(v * lanes)), math)
            },
          }, steps)
        }
        const sums = (active: Expression | undefined): readonly Expression[] => {
          const none = zeros(b, math, tileRows * vectors)
          if (singlePath) return b.branch(firstPath.less(lastPath), () => addPath(firstPath, none, active), () => none)
          return b.loop(firstPath, lastPath, { carry: none.map((zero) => varying(zero)) }, (path, inside) => addPath(path, inside, active))
        }
        const finish = (totals: readonly Expression[], active: Expression | undefined) => {
          const components = remembered(rowOf)
          const places = remembered(rowY).map((start, r) =>
            start.add((components[r] ?? start).mul(yRow)).add(yOffset).add(unitColumns ? column : column.mul(yColumn)),
          )
          for (let v = 0; v < vectors; v++) {
            const only = active?.sub(v * lanes)
            const stride = unitColumns ? 'unit' : yColumn
            const positions = places.map((place) => place.add(unitColumns ? v * lanes : yColumn.mul(v * lanes)))
            const values = positions.map((position, r) => {
              const total = totals[r * vectors + v]?.mul(factor)
              return total && as(accumulates ? total.add(as(loadColumns(b, y, position, stride, only), math)) : total, options.y)
            })
            for (const [r, position] of positions.entries()) {
              const value = values[r]
              if (value) storeColumns(b, y, position, stride, value, only)
            }
          }
        }
        if (columns === 'packed') {
          const totals = sums(undefined)
          atEdge(b, remaining, width, (active) => {
            finish(totals, active)
          })
        } else {
          atEdge(b, remaining, width, (active) => {
            finish(sums(active), active)
          })
        }
      })
    })
  })
  return b.build()
}

interface EntryTile {
  readonly first: Expression
  readonly last: Expression
  readonly row: Expression
}

function plainTile(b: KernelBuilder, tile: Expression, tileEntries: Expression, batch: Expression): EntryTile {
  const first = tile.mul(tileEntries)
  return { first, last: first.add(tileEntries).min(batch), row: b.constant('index', 0) }
}

/** The tile with a number when every row's entries are cut into tiles; empty beyond the last one. */
function orderedTile(b: KernelBuilder, tile: Expression, tileEntries: Expression, numRows: Expression, starts: Memory): EntryTile {
  const zero = b.constant('index', 0)
  const [, first, last, row] = b.loop(0, numRows, { carry: [tile, zero, zero, zero] }, (r, [before, foundFirst, foundLast, foundRow]) => {
    const [start, end] = [starts.load(r).convert('index'), starts.load(r.add(1)).convert('index')]
    const own = start.add(before.mul(tileEntries))
    const isHere = before.greaterEqual(0).and(own.less(end))
    const tiles = end.sub(start).add(tileEntries.sub(1)).div(tileEntries)
    return [before.sub(tiles), isHere.select(own, foundFirst), isHere.select(own.add(tileEntries).min(end), foundLast), isHere.select(r, foundRow)]
  })
  return { first, last, row }
}
