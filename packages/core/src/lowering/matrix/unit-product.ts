import type { Expression, KernelBuilder, Memory } from '../../kernels/index.ts'
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

/** A block of a product that a program sums up by matrix units; both sides come through its memory, one tile ahead. */
export class UnitProduct {
  readonly #b: KernelBuilder
  readonly #shape: UnitShape
  readonly #sums: Memory
  readonly #a: Memory
  readonly #bs: Memory

  /** Sums are zero. */
  constructor(b: KernelBuilder, shape: UnitShape) {
    const { scalar, rows, lanes, strides } = shape
    const sizes = tileSizes(shape)
    this.#b = b
    this.#shape = shape
    this.#sums = b.shared('tileSums', scalar, rows * strides.sums)
    this.#a = b.shared('tilesOfA', scalar, 2 * sizes.a)
    this.#bs = b.shared('tilesOfB', scalar, 2 * sizes.b)
    for (let first = 0; first < rows * strides.sums; first += lanes) {
      const active = rows * strides.sums - first
      this.#sums.storeLanes(first, 0, active < lanes ? { active } : {})
    }
  }

  /** Adds `Σ_step a[row, step] · b[step, column]` for so many steps. */
  add(steps: Expression, a: UnitSide, right: UnitSide): void {
    const { rows, columns, depth, orders, strides, precision } = this.#shape
    const b = this.#b
    const { a: aSize, b: bSize } = tileSizes(this.#shape)
    const copy = (start: Expression, half: Expression) => {
      this.#copy(a, { memory: this.#a, offset: half.mul(aSize), order: orders.a, stride: strides.a }, [rows, depth], start)
      this.#copy(right, { memory: this.#bs, offset: half.mul(bSize), order: orders.b, stride: strides.b }, [depth, columns], start)
    }
    const zero = b.constant('index', 0)
    copy(zero, zero)
    b.barrier()
    b.loop(0, steps, { step: depth, carry: [zero] }, (start, [half]) => {
      const other = b.constant('index', 1).sub(half)
      const next = start.add(depth)
      b.branch(next.less(steps), () => {
        copy(next, other)
      })
      b.tileMultiplyAdd({
        rows, columns, depth, precision,
        target: { memory: this.#sums, stride: strides.sums },
        a: { memory: this.#a, offset: half.mul(aSize), order: orders.a, stride: strides.a },
        b: { memory: this.#bs, offset: half.mul(bSize), order: orders.b, stride: strides.b },
      })
      b.barrier()
      return [other]
    })
  }

  /** Hands on the sums, `vector` neighbours of a row at a time, each lane its own. */
  finish(vector: number, store: (row: Expression, column: Expression, sums: readonly Expression[]) => void): void {
    const { rows, columns, strides } = this.#shape
    this.#b.barrier()
    for (const { row, column } of this.#alongRows([rows, columns], vector)) {
      const first = row.mul(strides.sums).add(column)
      store(row, column, Array.from({ length: vector }, (_, j) => this.#sums.load(first.add(j))))
    }
  }

  #copy({ memory, vector, element }: UnitSide, to: Target, [height, width]: Extents, start: Expression): void {
    const isInRows = to.order === 'rows'
    for (const { row: piece, column: within } of this.#alongRows(isInRows ? [height, width] : [width, height], vector)) {
      const { position, mask } = isInRows ? element(piece, within, start) : element(within, piece, start)
      const target = to.offset.add(piece.mul(to.stride)).add(within)
      for (let j = 0; j < vector; j++) to.memory.store(target.add(j), memory.load(position.add(j), { mask }))
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

/** Where a tile is copied to. */
interface Target {
  readonly memory: Memory
  readonly offset: Expression
  readonly order: 'rows' | 'columns'
  readonly stride: number
}

interface Place {
  readonly row: Expression
  readonly column: Expression
}
