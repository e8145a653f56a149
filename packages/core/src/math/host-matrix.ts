import { HostArray } from './host-array.ts'

/** A host array of two axes. */
export class HostMatrix extends HostArray {
  declare readonly shape: readonly [rows: number, columns: number]

  /** Row-major. @throws {ShapeError} if `data.length` is not rows · columns. */
  constructor(rows: number, columns: number, data: Float64Array) {
    super([rows, columns], data)
  }
}
