import type { FloatScalar } from '../request.ts'
import type { Target } from '../plan.ts'

/** What one program keeps in registers: `rows` × `width` sums, the columns in `vectors` varying values. */
export interface TileShape {
  readonly lanes: number
  readonly vectors: number
  readonly rows: number
  /** lanes · vectors */
  readonly width: number
}

/** Bytes of an element. */
export function bytesOf(scalar: FloatScalar): number {
  return scalar === 'f32' ? 4 : 8
}

/**
 * 8 sums in the 16 registers of a SIMD processor: two vectors of columns, four rows. Compilers of WebAssembly keep the loads of a
 * step in front of its arithmetic: 8 sums, 2 vectors, 4 elements of rows and a product are 15 values alive, and nothing is spilled.
 * With 6 rows, or two steps written out, half of the speed is lost to spilling.
 */
export function tileShape(target: Target, scalar: FloatScalar): TileShape {
  const wanted = target.lanes === 'gpu' ? target.vectorBytes : target.vectorBytes / bytesOf(scalar)
  const lanes = Math.max(1, Math.min(Math.floor(wanted), target.maxLanes))
  const vectors = 2
  return { lanes, vectors, rows: 4, width: lanes * vectors }
}

/** Rows of a tile for a product of so many rows: as many as fit the registers, fewer where most would be repeated. */
export function rowsFor(numRows: number): number {
  const waste = (rows: number) => Math.ceil(numRows / rows) * rows
  if (numRows >= 16) return 4
  return [4, 3, 2, 1].reduce((best, rows) => (waste(rows) < waste(best) ? rows : best))
}
