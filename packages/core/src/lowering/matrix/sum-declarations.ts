import type { FloatScalar } from '../request.ts'
import type { KernelBuilder } from '../../kernels/index.ts'
import type { TileShape } from './tile.ts'

export interface SumKernelOptions {
  readonly shape: TileShape
  readonly x: FloatScalar
  readonly g: FloatScalar
  readonly sums: FloatScalar
  readonly math: FloatScalar
  /** Entries are those of the part of an order that belongs to the row of sums, or all. */
  readonly ordered: boolean
  readonly gathersX: boolean
  readonly gathersG: boolean
  readonly unitX: boolean
  readonly unitG: boolean
  /** Rows of x and g that a program copies at a time. */
  readonly chunk: number
  /** Most columns, and rows, of a block of sums. */
  readonly blockExtent: number
}

/** Numbers of a block and of a path in the tables of a kernel that sums products. */
export const blockEntry = 8
export const sumPathEntry = 7

/** Parameters and buffers of a kernel that sums products, and what its program has of them: a block of sums, a share of the entries. */
export function sumDeclarations(b: KernelBuilder, options: SumKernelOptions, access: 'write' | 'readWrite') {
  const { math, ordered } = options
  const [batch, numParts, numRows] = [b.parameter('batch', 'index'), b.parameter('numParts', 'index'), b.parameter('numRows', 'index')]
  const [xStride, gStride, sumStride] = [b.parameter('xStride', 'index'), b.parameter('gStride', 'index'), b.parameter('sumStride', 'index')]
  const before = b.parameter('before', 'index')
  const [x, g] = [b.buffer('x', options.x, 'read'), b.buffer('g', options.g, 'read')]
  const sums = b.buffer('sums', options.sums, access)
  const [blocks, paths, factors] = [b.buffer('blocks', 'i32', 'read'), b.buffer('paths', 'i32', 'read'), b.buffer('factors', math, 'read')]
  const order = ordered ? { starts: b.buffer('starts', 'i32', 'read'), entries: b.buffer('entries', 'i32', 'read') } : undefined
  const xIndices = options.gathersX ? b.buffer('xIndices', 'i32', 'read') : undefined
  const gIndices = options.gathersG ? b.buffer('gIndices', 'i32', 'read') : undefined

  const [part, block, row] = [b.programId(0), b.programId(1), b.programId(2)]
  const ofBlock = (j: number) => blocks.load(block.mul(blockEntry).add(j)).convert('index')
  const [firstPath, lastPath, firstRow, firstColumn] = [ofBlock(0), ofBlock(1), ofBlock(2), ofBlock(3)]
  const [rows, columns, offset, rowStride] = [ofBlock(4), ofBlock(5), ofBlock(6), ofBlock(7)]
  const target = before.add(part).mul(numRows).add(row).mul(sumStride).add(offset)
  const [begin, end] = order ? [order.starts.load(row).convert('index'), order.starts.load(row.add(1)).convert('index')] : [b.constant('index', 0), batch]
  const share = end.sub(begin).add(numParts.sub(1)).div(numParts)
  const first = begin.add(part.mul(share))
  const count = first.add(share).min(end).sub(first)
  const ofProgram = { firstPath, lastPath, firstRow, firstColumn, rows, columns, rowStride, target, first, count }
  return { x, g, sums, paths, factors, order, xIndices, gIndices, xStride, gStride, ...ofProgram }
}
