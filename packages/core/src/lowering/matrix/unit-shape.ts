import type { TileInstruction } from '../../kernels/index.ts'
import type { Target } from '../plan.ts'
import type { FloatScalar } from '../request.ts'
import { bytesOf } from './tile.ts'

/** What a program multiplies through memory that its lanes share: `rows × columns` sums, `depth` steps at a time. */
export interface UnitShape {
  readonly scalar: FloatScalar
  /** By matrix units, or by lanes each of which has some of the sums in registers. */
  readonly way: 'units' | 'lanes'
  readonly precision: TileInstruction['precision']
  readonly lanes: number
  readonly rows: number
  readonly columns: number
  readonly depth: number
  /** What of both sides lies in one piece, in buffers and in the memory of a program: rows or columns of their tiles. */
  readonly orders: SideOrders
  /** Distances of what lies in one piece in the memory of a program, such that the lanes of a warp meet different banks. */
  readonly strides: { readonly a: number; readonly b: number; readonly sums: number }
}

export interface SideOrders {
  readonly a: 'rows' | 'columns'
  readonly b: 'rows' | 'columns'
}

/** Lanes of a program. */
const lanesOf = { units: 128, lanes: 64 } as const
/** Steps that matrix units take at once, of every type. */
const leastDepth = 8

/** Sums and steps: for large products, for those that would not fill a device so, and for few columns. */
const extents = {
  f32: { large: [64, 64, 32], small: [32, 32, 64], narrow: [64, 16, 32] },
  f64: { large: [32, 64, 16], small: [32, 32, 32], narrow: [32, 16, 32] },
  /** By lanes, with so little memory that many programs run at the same time. */
  lanes: { large: [64, 64, 8], small: [32, 32, 16], narrow: [64, 16, 16] },
} as const

/** Fewer columns are worth a shape of their own. */
const fewColumns = 16
/** Programs that fill a device, about. */
export const enoughUnitPrograms = 264

/** Memory that every shape fits with the fewest steps, whichever way its sides lie. */
const leastShared = { units: 40_960, lanes: 14_080 } as const

/** How a device makes products of these numbers through shared memory; `undefined`: in no such way. */
function wayOf({ matrixUnits, maxLanes, maxSharedBytes }: Target, scalar: FloatScalar): UnitShape['way'] | undefined {
  const isServed = scalar === 'f32' ? matrixUnits.includes('split') || matrixUnits.includes('tf32') : matrixUnits.includes('f64')
  const way = isServed ? 'units' : scalar === 'f32' && matrixUnits.includes('lanes') ? 'lanes' : undefined
  return way && maxLanes >= lanesOf[way] && maxSharedBytes >= leastShared[way] ? way : undefined
}

/** Whether products of these numbers are made through shared memory. */
export function hasUnits(target: Target, scalar: FloatScalar): boolean {
  return wayOf(target, scalar) !== undefined
}

/** Parts that make up the accuracy of float32, unless only one is wanted. */
function precisionOf({ matrixUnits }: Target, scalar: FloatScalar): UnitShape['precision'] {
  if (scalar === 'f64') return 'exact'
  return matrixUnits.includes('split') ? 'split' : 'tf32'
}

/** The shape for so many rows and columns, of `count` products: as many steps at a time as there is memory for. */
export function unitShape(target: Target, scalar: FloatScalar, rows: number, columns: number, count: number, orders: SideOrders): UnitShape {
  const way = wayOf(target, scalar) ?? 'units'
  const kinds = extents[way === 'lanes' ? way : scalar]
  const programs = count * Math.ceil(rows / kinds.large[0]) * Math.ceil(columns / kinds.large[1])
  const [tileRows, tileColumns, depth] = kinds[columns <= fewColumns ? 'narrow' : programs < enoughUnitPrograms ? 'small' : 'large']
  const precision = precisionOf(target, scalar)
  if (way === 'lanes') return shapeOfLanes(tileRows, tileColumns, depth, orders)
  const withDepth = (steps: number) => shapeOf(scalar, precision, tileRows, tileColumns, steps, orders)
  let shape = withDepth(depth)
  while (bytesOfShape(shape) > target.maxSharedBytes && shape.depth > leastDepth) shape = withDepth(shape.depth / 2)
  return shape
}

/** A lane reads four neighbours at once. */
function shapeOfLanes(rows: number, columns: number, depth: number, orders: SideOrders): UnitShape {
  const strides = { a: (orders.a === 'rows' ? depth : rows) + 4, b: (orders.b === 'rows' ? columns : depth) + 4, sums: 0 }
  return { scalar: 'f32', way: 'lanes', precision: 'exact', lanes: lanesOf.lanes, rows, columns, depth, orders, strides }
}

/** A thread reads elements of two neighbouring steps in float32, of one in float64. */
function shapeOf(scalar: FloatScalar, precision: UnitShape['precision'], rows: number, columns: number, depth: number, orders: SideOrders): UnitShape {
  const ofSteps = depth + (scalar === 'f32' ? 8 : 4)
  const strides = { a: orders.a === 'rows' ? ofSteps : rows + 4, b: orders.b === 'rows' ? columns + 4 : ofSteps, sums: columns + 8 }
  return { scalar, way: 'units', precision, lanes: lanesOf.units, rows, columns, depth, orders, strides }
}

/** Elements of the tiles of both sides in the memory of a program. */
export function tileSizes({ rows, columns, depth, orders, strides }: UnitShape): { readonly a: number; readonly b: number } {
  return { a: (orders.a === 'rows' ? rows : depth) * strides.a, b: (orders.b === 'rows' ? depth : columns) * strides.b }
}

/** Memory of a program: its sums, two tiles of each side, and three numbers a row. */
function bytesOfShape(shape: UnitShape): number {
  const { scalar, rows, strides } = shape
  const { a, b } = tileSizes(shape)
  return bytesOf(scalar) * (rows * strides.sums + 2 * (a + b)) + 12 * rows
}

/** Elements that are copied at once, if everything that places them is a multiple: 16 bytes of them. */
export function vectorOf(scalar: FloatScalar, ...multiples: readonly number[]): number {
  const most = scalar === 'f32' ? 4 : 2
  return multiples.every((number) => number % most === 0) ? most : 1
}
