import { type Expression, type Kernel, KernelBuilder, type Memory } from '../../kernels/index.ts'
import { UnitProduct } from './unit-product.ts'
import type { UnitShape } from './unit-shape.ts'

export interface UnitRowsOptions {
  readonly shape: UnitShape
  /** Entries are those of one row of weights after those of another, each in blocks of their own, or all share the weights. */
  readonly ordered: boolean
  /** The row of x is what an index array says. */
  readonly gathers: boolean
  /** Inner steps of x, and columns of y, lie at distance one. */
  readonly unitInner: boolean
  readonly unitColumns: boolean
  readonly accumulates: boolean
  /** Elements that are moved at once; they divide everything that places them, which is counted in them. */
  readonly vectors: { readonly x: number; readonly weights: number; readonly y: number }
}

/** Numbers of a group (a segment of y) and of a path in the tables of a {@link unitRowsKernel}. */
const groupEntry = 7
export const pathEntry = 7

/**
 * `y[e][row, column] (+)= factor · Σ_paths Σ_inner x[e][row, inner] · weights[inner, column]` by matrix units, for weights that all entries
 * share, or those of a row. Grid: blocks of all segments, one after another; those of one segment that share rows are neighbours.
 *
 * A group: first and last path, rows, columns, offset, distances of rows and columns in y. A path: inner extent, offset and distances
 * of rows and inner steps in x, offset and distances of inner steps and columns in the weights.
 */
export function unitRowsKernel(options: UnitRowsOptions): Kernel {
  const { shape, ordered, gathers, unitInner, unitColumns, accumulates, vectors } = options
  const { scalar } = shape
  const b = new KernelBuilder('unitRows', { lanes: shape.lanes })
  const parameter = (name: string, vector = 1) => b.parameter(name, 'index').mul(vector)
  const [batch, numGroups] = [parameter('batch'), parameter('numGroups')]
  const [xStride, yStride] = [parameter('xStride'), parameter('yStride')]
  const [x, weights] = [b.buffer('x', scalar, 'read'), b.buffer('weights', scalar, 'read')]
  const y = b.buffer('y', scalar, accumulates ? 'readWrite' : 'write')
  const [groups, paths, factors] = [b.buffer('groups', 'i32', 'read'), b.buffer('paths', 'i32', 'read'), b.buffer('factors', scalar, 'read')]
  const order = ordered
    ? {
        starts: b.buffer('starts', 'i32', 'read'),
        entries: b.buffer('entries', 'i32', 'read'),
        numRows: parameter('numWeightRows'),
        stride: parameter('weightStride', vectors.weights),
      }
    : undefined
  const xIndices = gathers ? b.buffer('xIndices', 'i32', 'read') : undefined
  const [rowX, rowY, rowOf] = [b.shared('rowX', 'i32', shape.rows), b.shared('rowY', 'i32', shape.rows), b.shared('rowOf', 'i32', shape.rows)]

  // The group that the block belongs to.
  const zero = b.constant('index', 0)
  const [, group, block] = b.loop(0, numGroups, { carry: [b.programId(), zero, zero] }, (g, [before, foundGroup, foundBlock]) => {
    const ofGroup = (j: number) => groups.load(g.mul(groupEntry).add(j)).convert('index')
    const ofRows = batch.mul(ofGroup(2)).add(shape.rows - 1).div(shape.rows)
    const count = (order ? ofRows.add(order.numRows) : ofRows).mul(ofGroup(3).add(shape.columns - 1).div(shape.columns))
    const isHere = before.greaterEqual(0).and(before.less(count))
    return [before.sub(count), isHere.select(g, foundGroup), isHere.select(before, foundBlock)]
  })
  const ofGroup = (j: number) => groups.load(group.mul(groupEntry).add(j)).convert('index')
  const [firstPath, lastPath, groupRows, columns] = [ofGroup(0), ofGroup(1), ofGroup(2), ofGroup(3)]
  const [yOffset, yRow, yColumn] = [ofGroup(4).mul(vectors.y), ofGroup(5), ofGroup(6)]
  const factor = factors.load(group)
  const across = columns.add(shape.columns - 1).div(shape.columns)
  const [blockOfRows, firstColumn] = [block.div(across), block.rem(across).mul(shape.columns)]
  const own = order
    ? blockOfOrder(b, blockOfRows, shape.rows, groupRows, order)
    : { entry: zero, firstRow: blockOfRows.mul(shape.rows), end: batch.mul(groupRows), weightRow: zero }
  const rows = own.end.sub(own.firstRow)
  const weightBase = order ? own.weightRow.mul(order.stride) : zero

  const lane = b.lane()
  const isRow = lane.less(shape.rows)
  const row = own.firstRow.add(lane).min(own.end.sub(1)).max(0)
  const place = own.entry.add(row.div(groupRows))
  const entry = order ? order.entries.load(place, { mask: isRow.and(place.less(batch)) }).convert('index') : place
  const source = xIndices ? xIndices.load(entry, { mask: isRow }).convert('index') : entry
  rowX.store(lane, source.mul(xStride).convert('i32'), { mask: isRow })
  rowY.store(lane, entry.mul(yStride).convert('i32'), { mask: isRow })
  rowOf.store(lane, row.rem(groupRows).convert('i32'), { mask: isRow })
  b.barrier()

  const product = new UnitProduct(b, shape)
  const sums = b.loop(firstPath, lastPath, { carry: [...product.zero()] }, (path, before) => {
    const ofPath = (j: number) => paths.load(path.mul(pathEntry).add(j)).convert('index')
    const length = ofPath(0)
    const [xOffset, xRow, xInner] = [ofPath(1), ofPath(2), ofPath(3)]
    const [wOffset, wInner, wColumn] = [ofPath(4).mul(vectors.weights), ofPath(5), ofPath(6)]
    return product.add(before, length, {
      memory: x,
      vector: vectors.x,
      element: (r, s, start) => {
        const base = rowX.load(r).convert('index').add(rowOf.load(r).convert('index').mul(xRow)).add(xOffset).mul(vectors.x)
        const step = start.add(s)
        return { position: base.add(unitInner ? step : step.mul(xInner)), mask: r.less(rows).and(step.less(length)) }
      },
    }, {
      memory: weights,
      vector: vectors.weights,
      element: (s, c, start) => {
        const [step, column] = [start.add(s), firstColumn.add(c)]
        const isVector = vectors.weights > 1
        const [far, near, distances] = shape.orders.b === 'rows' ? [step, column, [wInner, wColumn]] as const : [column, step, [wColumn, wInner]] as const
        const place = far.mul(distances[0]).mul(vectors.weights).add(isVector ? near : near.mul(distances[1]))
        return { position: weightBase.add(wOffset).add(place), mask: column.less(columns).and(step.less(length)) }
      },
    })
  })
  product.finish(sums, vectors.y, (r, c, together) => {
    const column = firstColumn.add(c)
    const start = rowY.load(r).convert('index').add(rowOf.load(r).convert('index').mul(yRow)).mul(vectors.y).add(yOffset)
    const mask = r.less(rows).and(column.less(columns))
    const place = start.add(unitColumns ? column : column.mul(yColumn))
    for (const [j, sum] of together.entries()) {
      const value = sum.mul(factor)
      y.store(place.add(j), accumulates ? value.add(y.load(place.add(j), { mask })) : value, { mask })
    }
  })
  return b.build()
}

/** Rows of one row of weights that a block has: from `firstRow` up to `end`, counted from the first row of entry `entry` in the order. */
interface OrderedBlock {
  readonly entry: Expression
  readonly firstRow: Expression
  readonly end: Expression
  readonly weightRow: Expression
}

/** The block with a number when the entries of every row of weights are cut into blocks; without rows beyond the last one. */
function blockOfOrder(
  b: KernelBuilder,
  block: Expression,
  rowsOfBlock: number,
  groupRows: Expression,
  { starts, numRows }: { readonly starts: Memory; readonly numRows: Expression },
): OrderedBlock {
  const zero = b.constant('index', 0)
  const carry = [block, zero, zero, zero, zero] as const
  const [, entry, firstRow, end, weightRow] = b.loop(0, numRows, { carry }, (r, [before, foundEntry, foundFirst, foundEnd, foundRow]) => {
    const start = starts.load(r).convert('index')
    const rows = starts.load(r.add(1)).convert('index').sub(start).mul(groupRows)
    const first = before.mul(rowsOfBlock)
    const isHere = before.greaterEqual(0).and(first.less(rows))
    const blocks = rows.add(rowsOfBlock - 1).div(rowsOfBlock)
    return [before.sub(blocks), isHere.select(start, foundEntry), isHere.select(first, foundFirst), isHere.select(rows, foundEnd), isHere.select(r, foundRow)]
  })
  return { entry, firstRow, end, weightRow }
}
