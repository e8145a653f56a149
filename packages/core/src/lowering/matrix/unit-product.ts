import { type Carried, type Expression, type KernelBuilder, type Memory, varying } from '../../kernels/index.ts'
import { laneBlockOf, multiplyInLanes, type LaneBlock } from './lane-block.ts'
import { tileSizes, type UnitShape } from './unit-shape.ts'

/** Where the element of a tile is that a lane copies; nothing is read, and zero copied, where the mask is false. */
export interface Element {
  readonly position: Expression
  readonly mask: Expression
}

/** One side of a product, as its tiles come from a buffer. */
export interface UnitSide {
  readonly memory: Memory
  /** Elements that lie next to each other, in the order of the shape, and are copied at once. */
  readonly vector: number
  /** The element in a row and column of the tile, whose steps begin with number `start`. */
  readonly element: (row: Expression, column: Expression, start: Expression) => Element
}

/**
 * A block of a product that a program sums up through memory that its lanes share, by matrix units or by the lanes themselves; both sides
 * come one tile ahead.
 */
export class UnitProduct {
  readonly #b: KernelBuilder
  readonly #shape: UnitShape
  /** Where sums are: memory of the program, or a block of each lane. */
  readonly #sums: Memory | LaneBlock
  readonly #a: Memory
  readonly #bs: Memory

  constructor(b: KernelBuilder, shape: UnitShape) {
    const { scalar, way, rows, strides } = shape
    const sizes = tileSizes(shape)
    this.#b = b
    this.#shape = shape
    this.#sums = way === 'units' ? b.shared('tileSums', scalar, rows * strides.sums) : laneBlockOf(b, shape)
    this.#a = b.shared('tilesOfA', scalar, 2 * sizes.a)
    this.#bs = b.shared('tilesOfB', scalar, 2 * sizes.b)
  }

  /** Sums of zero: those that lanes hold in registers; none where they are in the memory of the program. */
  zero(): readonly Carried[] {
    const { scalar, lanes, rows, strides } = this.#shape
    const sums = this.#sums
    if ('columns' in sums) return Array.from({ length: sums.rows.length * sums.columns.length }, () => varying(this.#b.constant(scalar, 0)))
    for (let first = 0; first < rows * strides.sums; first += lanes) {
      const active = rows * strides.sums - first
      sums.storeLanes(first, 0, active < lanes ? { active } : {})
    }
    return []
  }

  /** `sums + Σ_step a[row, step] · b[step, column]` for so many steps. */
  add(sums: readonly Carried[], steps: Expression, a: UnitSide, right: UnitSide): readonly Expression[] {
    const { depth } = this.#shape
    const b = this.#b
    const target = this.#sums
    const zero = b.constant('index', 0)
    for (const store of [this.#load(a, 'a', zero), this.#load(right, 'b', zero)]) store(zero)
    b.barrier()
    const [, ...results] = b.loop(0, steps, { step: depth, carry: [zero, ...sums] }, (start, [half, ...own]) => {
      const other = b.constant('index', 1).sub(half)
      const next = start.add(depth)
      const copyNext = () => [this.#load(a, 'a', next), this.#load(right, 'b', next)]
      if (!('columns' in target)) {
        b.branch(next.less(steps), () => {
          for (const store of copyNext()) store(other)
        })
        this.#multiplyByUnits(target, half)
        b.barrier()
        return [other]
      }
      // What the next step reads is on its way while this one is computed. Behind the last there is nothing, and zero.
      const stores = copyNext()
      const sum = multiplyInLanes(b, this.#shape, target, [this.#a, this.#bs], half, own)
      for (const store of stores) store(other)
      b.barrier()
      return [other, ...sum]
    })
    return results
  }

  /** Hands on the sums, `vector` neighbours of a row at a time where they are in one lane, each lane its own. */
  finish(held: readonly Expression[], vector: number, store: (row: Expression, column: Expression, sums: readonly Expression[]) => void): void {
    const { rows, columns, strides } = this.#shape
    const sums = this.#sums
    if (!('columns' in sums)) {
      this.#b.barrier()
      for (const { row, column } of this.#alongRows([rows, columns], vector)) {
        const first = row.mul(strides.sums).add(column)
        store(row, column, Array.from({ length: vector }, (_, j) => sums.load(first.add(j))))
      }
      return
    }
    const { rows: ownRows, columns: ownColumns, adjacent } = sums
    const together = Math.min(vector, adjacent)
    for (const [i, row] of ownRows.entries())
      for (let j = 0; j < ownColumns.length; j += together) {
        const [column, first] = [ownColumns[j], i * ownColumns.length + j]
        if (column) store(row, column, held.slice(first, first + together))
      }
  }

  #multiplyByUnits(target: Memory, half: Expression): void {
    const { rows, columns, depth, orders, strides, precision } = this.#shape
    const { a, b } = tileSizes(this.#shape)
    this.#b.tileMultiplyAdd({
      rows, columns, depth, precision,
      target: { memory: target, stride: strides.sums },
      a: { memory: this.#a, offset: half.mul(a), order: orders.a, stride: strides.a },
      b: { memory: this.#bs, offset: half.mul(b), order: orders.b, stride: strides.b },
    })
  }

  /** Reads a lane's elements of a tile, and gives what stores them in a half of the memory. */
  #load({ memory, vector, element }: UnitSide, which: 'a' | 'b', start: Expression): (half: Expression) => void {
    const { rows, columns, depth, orders, strides } = this.#shape
    const isInRows = orders[which] === 'rows'
    const [height, width] = which === 'a' ? [rows, depth] : [depth, columns]
    const [to, size, stride] = which === 'a' ? [this.#a, tileSizes(this.#shape).a, strides.a] : [this.#bs, tileSizes(this.#shape).b, strides.b]
    const loaded = this.#alongRows(isInRows ? [height, width] : [width, height], vector).map(({ row: piece, column: within }) => {
      const { position, mask } = isInRows ? element(piece, within, start) : element(within, piece, start)
      return { place: piece.mul(stride).add(within), values: Array.from({ length: vector }, (_, j) => memory.load(position.add(j), { mask })) }
    })
    return (half) => {
      for (const { place, values } of loaded) {
        const target = half.mul(size).add(place)
        for (const [j, value] of values.entries()) to.store(target.add(j), value)
      }
    }
  }

  /** Rows and columns of the elements that a lane takes one after another. */
  #alongRows([height, width]: Extents, vector: number): readonly Place[] {
    const lane = this.#b.lane()
    const { lanes } = this.#shape
    const perRow = width / vector
    const [row, column] = [lane.div(perRow), lane.rem(perRow).mul(vector)]
    return Array.from({ length: (height * width) / vector / lanes }, (_, pass) => ({ row: row.add((pass * lanes) / perRow), column }))
  }
}

type Extents = readonly [height: number, width: number]

interface Place {
  readonly row: Expression
  readonly column: Expression
}
