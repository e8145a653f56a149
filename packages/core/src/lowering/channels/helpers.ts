import { type Expression, type Kernel, KernelBuilder, type StorageType } from '../../kernels/index.ts'

/** Numbers that a lane reads at once where it only adds them up. */
const readAtOnce = 8

/** Elements of a program that copies or fills. */
export const elementsPerProgram = 1024

/** `x[i] = 0` for all of `length` elements. */
export function fillKernel(scalar: StorageType, lanes: number): Kernel {
  const b = new KernelBuilder('fill', { lanes })
  const length = b.parameter('length', 'index')
  const x = b.buffer('x', scalar, 'write', { extent: b.extentOf(length) })
  const first = b.programId().mul(elementsPerProgram)
  b.loop(first, first.add(elementsPerProgram).min(length), { step: lanes }, (base) => {
    x.storeLanes(base, 0, { active: length.sub(base) })
  })
  return b.build()
}

/**
 * `y[row, i] = Σ_piece x[piece + row, i]` over the pieces that have entries of the row, in order: of `perPiece` entries each, while those
 * of a row are `starts[row] … starts[row + 1] − 1`. A program has as many elements as lanes: there are few rows.
 */
export function sumPiecesKernel(from: StorageType, to: StorageType, size: number, lanes: number): Kernel {
  const b = new KernelBuilder('sumPieces', { lanes, gridRank: 2 })
  const [parts, perPiece] = [b.parameter('parts', 'index'), b.parameter('perPiece', 'index')]
  const rows = b.gridExtent(0)
  const x = b.buffer('x', from, 'read', { extent: b.extentOf(parts).times(size) })
  const starts = b.buffer('starts', 'i32', 'read', { extent: rows.plus(1) })
  const y = b.buffer('y', to, 'write', { extent: rows.times(size) })
  const row = b.programId(0)
  const [first, end] = [starts.load(row).convert('index'), starts.load(row.add(1)).convert('index')]
  const [firstPiece, endPiece] = [first.div(perPiece), end.add(perPiece).sub(1).div(perPiece)]
  // A row without entries may lie inside of a piece.
  const pieces = first.less(end).select(endPiece, firstPiece)
  const base = b.programId(1).mul(lanes)
  const active = b.constant('index', size).sub(base)
  const add = (piece: Expression, sum: Expression) => sum.add(x.loadLanes(piece.add(row).mul(size).add(base), { active }))
  // Several at a time are waited for together.
  const whole = firstPiece.add(pieces.sub(firstPiece).div(readAtOnce).mul(readAtOnce))
  const [most] = b.loop(firstPiece, whole, { step: readAtOnce, carry: [{ varying: b.constant(from, 0) }] }, (piece, [sum]) => {
    let total = sum
    for (let k = 0; k < readAtOnce; k++) total = add(piece.add(k), total)
    return [total]
  })
  const [total] = b.loop(whole, pieces, { carry: [most] }, (piece, [sum]) => [add(piece, sum)])
  y.storeLanes(row.mul(size).add(base), total.convert(to), { active })
  return b.build()
}

/** `y[row, i] = Σ_part x[row, part, i]`, part by part; `parts` is a number, or `undefined` for one row of as many as a parameter says. */
export function sumPartsKernel(from: StorageType, to: StorageType, size: number, parts: number | undefined, lanes: number): Kernel {
  const b = new KernelBuilder('sumParts', { lanes, gridRank: 2 })
  const count = parts === undefined ? b.parameter('parts', 'index') : b.constant('index', parts)
  const extent = parts === undefined ? b.extentOf(count).times(size) : b.gridExtent(0).times(parts * size)
  const x = b.buffer('x', from, 'read', { extent })
  const y = b.buffer('y', to, 'write', { extent: parts === undefined ? size : b.gridExtent(0).times(size) })
  const row = parts === undefined ? b.constant('index', 0) : b.programId(0)
  const first = b.programId(1).mul(elementsPerProgram)
  b.loop(first, first.add(elementsPerProgram).min(size), { step: lanes }, (base) => {
    const active = b.constant('index', size).sub(base)
    const start = row.mul(parts === undefined ? 0 : parts * size).add(base)
    const zero = { varying: b.constant(from, 0) }
    const [total] = b.loop(0, count, { carry: [zero] }, (part, [sum]) => [sum.add(x.loadLanes(start.add(part.mul(size)), { active }))])
    y.storeLanes(row.mul(size).add(base), total.convert(to), { active })
  })
  return b.build()
}
