import type { FloatScalar } from '../request.ts'
import type { Target } from '../plan.ts'

/** What one program keeps in registers: `rows` × `width` sums, the columns in `vectors` varying values. */
export interface TileShape {
  readonly lanes: number
  readonly vectors: number
  readonly rows: number
  /** lanes · vectors */
  readonly width: number
  /** Steps of the inner sum that are written out. */
  readonly unroll: number
}

/** Bytes of an element. */
export function bytesOf(scalar: FloatScalar): number {
  return scalar === 'f32' ? 4 : 8
}

/**
 * 12 sums in the 16 registers of a SIMD processor: two vectors of columns, six rows; one register is left for the element of
 * the row. A GPU has more registers, but a program's columns already are as wide as its lanes.
 */
export function tileShape(target: Target, scalar: FloatScalar): TileShape {
  const wanted = target.lanes === 'gpu' ? target.vectorBytes : target.vectorBytes / bytesOf(scalar)
  const lanes = Math.max(1, Math.min(Math.floor(wanted), target.maxLanes))
  const vectors = 2
  return { lanes, vectors, rows: 6, width: lanes * vectors, unroll: 4 }
}

/** Rows of a tile for a product of so many rows: as many as fit the registers, fewer where most would be repeated. */
export function rowsFor(numRows: number): number {
  const waste = (rows: number) => Math.ceil(numRows / rows) * rows
  if (numRows >= 24) return 6
  return [6, 4, 3, 1].reduce((best, rows) => (waste(rows) < waste(best) ? rows : best))
}
