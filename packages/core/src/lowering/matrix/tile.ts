import type { FloatScalar } from '../request.ts'
import type { Target } from '../plan.ts'

/** What one program keeps in registers: `rows` × `width` sums, the columns in `vectors` varying values. */
export interface TileShape {
  readonly lanes: number
  readonly vectors: number
  readonly rows: number
  /** lanes · vectors */
  readonly width: number
  /** Steps of the sum whose elements of rows a program copies into its memory, as many as there are lanes; 0: it reads them where they are. */
  readonly depth: number
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
  return { lanes, vectors: 2, rows: 4, width: lanes * 2, depth: 0 }
}

/**
 * For products with so many columns. A thread of a GPU has registers for 32 sums of float32, four vectors of columns and eight rows: 12
 * elements are read for 32 multiply-adds, those of rows four at a time out of the program's memory.
 */
export function productShape(target: Target, scalar: FloatScalar, columns: number): TileShape {
  if (target.lanes === 'simd') return tileShape(target, scalar)
  const lanes = Math.min(32, target.maxLanes)
  const vectors = columns > 2 * lanes && scalar === 'f32' ? 4 : columns > lanes ? 2 : 1
  return { lanes, vectors, rows: 8, width: lanes * vectors, depth: lanes }
}

/** Rows of a tile for a product of so many rows: as many as fit the registers, fewer where most would be repeated. */
export function rowsFor(numRows: number, { rows: most, lanes, vectors }: TileShape): number {
  const waste = (rows: number) => Math.ceil(numRows / rows) * rows
  // Few rows on many threads: more programs are worth more than elements that are read once; with very many it is the other way.
  const wanted = most <= 4 ? most : numRows < lanes * most ? 4 : numRows < 1024 * most || vectors < 4 ? most : 2 * most
  if (numRows >= 16) return wanted
  return [4, 3, 2, 1].reduce((best, rows) => (waste(rows) < waste(best) ? rows : best))
}
