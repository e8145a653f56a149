import type { Expression, KernelBuilder, Memory } from '../../kernels/index.ts'
import type { UnitShape } from './unit-shape.ts'

/** Where the element of a tile is that a lane copies; nothing is read, and zero copied, where the mask is false. */
export interface Element {
  readonly position: Expression
  readonly mask: Expression
}

/** One side of a product, as its tiles come from a buffer. */
export interface UnitSide {
  readonly memory: Memory
  /** Which way elements lie next to each other: along a row of the tile, so many at once, or along a column. */
  readonly along: 'row' | 'column'
  readonly vector: number
  /** The element in a row and column of the tile, whose steps begin with number `start`. */
  readonly element: (row: Expression, column: Expression, start: Expression) => Element
}

/** Elements along columns that a lane asks for at once: places of more would not stay in registers. */
const columnsAtOnce = 4

/** A block of a product that a program sums up by matrix units; both sides come through its memory, one tile ahead. */
export class UnitProduct {
  readonly #b: KernelBuilder
  readonly #shape: UnitShape
  readonly #sums: Memory
  readonly #a: Memory
  readonly #bs: Memory

  /** Sums are zero. */
  constructor(b: KernelBuilder, shape: UnitShape) {
    const { scalar, rows, depth, lanes, strides } = shape
    this.#b = b
    this.#shape = shape
    this.#sums = b.shared('tileSums', scalar, rows * strides.sums)
    this.#a = b.shared('tilesOfA', scalar, 2 * rows * strides.a)
    this.#bs = b.shared('tilesOfB', scalar, 2 * depth * strides.b)
    for (let first = 0; first < rows * strides.sums; first += lanes) {
      const active = rows * strides.sums - first
      this.#sums.storeLanes(first, 0, active < lanes ? { active } : {})
    }
  }

  /** Adds `Σ_step a[row, step] · b[step, column]` for so many steps. */
  add(steps: Expression, a: UnitSide, right: UnitSide): void {
    const { rows, columns, depth, strides, precision } = this.#shape
    const b = this.#b
    const [aSize, bSize] = [rows * strides.a, depth * strides.b]
    const copy = (start: Expression, half: Expression) => {
      this.#copy(a, this.#a, half.mul(aSize), strides.a, [rows, depth], start)
      this.#copy(right, this.#bs, half.mul(bSize), strides.b, [depth, columns], start)
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
        a: { memory: this.#a, offset: half.mul(aSize), stride: strides.a },
        b: { memory: this.#bs, offset: half.mul(bSize), stride: strides.b },
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

  #copy({ memory, along, vector, element }: UnitSide, to: Memory, offset: Expression, stride: number, [height, width]: Extents, start: Expression): void {
    const b = this.#b
    const copy = ({ row, column }: Place) => {
      const { position, mask } = element(row, column, start)
      const target = offset.add(row.mul(stride)).add(column)
      for (let j = 0; j < vector; j++) to.store(target.add(j), memory.load(position.add(j), { mask }))
    }
    if (along === 'row') {
      for (const place of this.#alongRows([height, width], vector)) copy(place)
      return
    }
    // Eight lanes take neighbours and four the columns beside them: as many bytes as memory hands out at least, and different banks.
    const { lanes } = this.#shape
    const [lane, down, groups] = [b.lane(), height / 8, lanes / 32]
    const [row, column] = [lane.rem(8), lane.div(8).rem(4)]
    const count = (height * width) / lanes
    b.loop(0, count, { step: columnsAtOnce }, (first) => {
      for (let pass = 0; pass < Math.min(count, columnsAtOnce); pass++) {
        const block = first.add(pass).mul(groups).add(lane.div(32))
        copy({ row: block.rem(down).mul(8).add(row), column: block.div(down).mul(4).add(column) })
      }
    })
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
