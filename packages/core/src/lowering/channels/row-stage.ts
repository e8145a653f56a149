import type { Expression, KernelBuilder, Memory } from '../../kernels/index.ts'
import type { KernelSpec } from './spec.ts'

/** Bytes that a lane moves at once. */
const vectorBytes = 16
/** Memory for rows of a program; more would leave few programs on a multiprocessor. */
const mostStagedBytes = 16_384

/** Rows of an output whose entries are the lanes: laid down in the memory of the program, then written from end to end by all lanes. */
export class RowStage {
  readonly #builder: KernelBuilder
  readonly #memory: Memory
  readonly #size: number
  /** Elements from one row to the next. */
  readonly #pitch: number
  /** Elements that a lane moves at once. */
  readonly #vector: number

  constructor(builder: KernelBuilder, name: string, scalar: Memory['scalar'], size: number) {
    const vector = vectorBytes / bytesOf(scalar)
    this.#builder = builder
    this.#size = size
    this.#vector = size % vector === 0 && (builder.lanes * vector) % size === 0 ? vector : 1
    this.#pitch = this.#vector > 1 ? size + vector : size | 1
    this.#memory = builder.shared(name, scalar, builder.lanes * this.#pitch)
  }

  /** An element of the row of each lane. */
  put(element: number, value: Expression): void {
    this.#memory.store(this.#builder.lane().mul(this.#pitch).add(element), value)
  }

  /** Writes the rows of the first `count` lanes from a place on. */
  write(output: Memory, first: Expression, count: Expression): void {
    const builder = this.#builder
    const [size, pitch, vector] = [this.#size, this.#pitch, this.#vector]
    const { lanes } = builder
    builder.barrier()
    const end = count.mul(size)
    const perRow = size / vector
    // Where rows end at the same lanes in every step, the row of a lane is computed once.
    const isEven = (lanes * vector) % size === 0
    for (let step = 0; step < perRow; step++) {
      const place = builder.lane().mul(vector).add(step * lanes * vector)
      const [row, column] = isEven
        ? [builder.lane().div(perRow).add((step * lanes * vector) / size), builder.lane().rem(perRow).mul(vector)]
        : [place.div(size), place.rem(size)]
      const from = row.mul(pitch).add(column)
      const mask = place.less(end)
      for (let j = 0; j < vector; j++) output.store(first.add(place).add(j), this.#memory.load(from.add(j)), { mask })
    }
    builder.barrier()
  }
}

/** Whether rows of an output of so many elements are written so: threads that each write a row of their own would write a piece here and there. */
export function stagesRows({ isByEntry, iteration, lanes, maxRowBytes }: KernelSpec, size: number, scalar: Memory['scalar']): boolean {
  const bytes = lanes * (size + vectorBytes / bytesOf(scalar)) * bytesOf(scalar)
  return isByEntry && iteration.kind === 'tiles' && size > 1 && bytes <= Math.min(maxRowBytes, mostStagedBytes)
}

function bytesOf(scalar: Memory['scalar']): number {
  return scalar === 'f64' ? 8 : 4
}
