import type * as kernels from '@equivar/core/kernels'
import { storeName } from './access-names.ts'
import type { Form } from './forms.ts'
import type { Value } from './graph.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { at, bytesOf, many, type Operand, pick, type Scalar, widthOf } from './spread.ts'
import type { Address, EmitterState, Place } from './state.ts'

/** Elements of all lanes, at a constant distance from lane to lane. */
interface Column {
  readonly place: Place
  readonly form: Form
  readonly parts: readonly Value[]
}

/** Whether two places differ by their constants only. */
export function isBeside(a: Form, b: Form): boolean {
  return a.laneStride === b.laneStride && a.terms.size === b.terms.size && [...a.terms].every(([id, factor]) => b.terms.get(id) === factor)
}

/**
 * Stores and loads of lanes that are a constant distance apart. What every lane has at consecutive places moves as one vector a
 * lane: stores wait for those beside them, loads take those along that follow; rows and columns are exchanged in registers.
 */
export class StridedAccess {
  readonly #state: EmitterState
  #waiting: Column[] = []
  readonly #prepared = new Map<kernels.ValueId, Operand>()

  constructor(state: EmitterState) {
    this.#state = state
  }

  /** Whether something waits to be stored there. */
  waitsFor(memory: number): boolean {
    return this.#waiting.some(({ place }) => place.number === memory)
  }

  /** Stores later, together with what comes beside it. */
  store(place: Place, form: Form, parts: readonly Value[]): void {
    const [first] = this.#waiting
    const isTogether = !first || (first.place.number === place.number && isBeside(first.form, form))
    if (!isTogether) this.flush()
    this.#waiting.push({ place, form, parts })
  }

  /** Stores what waits. */
  flush(): void {
    // Of two to one place the later one stays behind.
    const columns = this.#waiting.sort((a, b) => a.form.constant - b.form.constant)
    this.#waiting = []
    for (let first = 0; first < columns.length; ) {
      const run = runFrom(columns, first)
      if (run.length > 1) this.#storeRows(run)
      else this.#storeLanes(at(columns, first))
      first += run.length
    }
  }

  isPrepared(result: kernels.ValueId): boolean {
    return this.#prepared.has(result)
  }

  /** What `prepare` loaded for the result of an instruction; once, because blocks may be written twice. */
  take(result: kernels.ValueId): Operand | undefined {
    const operand = this.#prepared.get(result)
    this.#prepared.delete(result)
    return operand
  }

  /** Loads what a few instructions ask for, if their elements are consecutive. */
  prepare(place: Place, loads: readonly { readonly result: kernels.ValueId; readonly form: Form }[]): void {
    const sorted = [...loads].sort((a, b) => a.form.constant - b.form.constant)
    for (let first = 0; first < sorted.length; ) {
      const run = runFrom(sorted.map((load) => ({ ...load, place })), first)
      if (run.length > 1) this.#loadRows(place, run)
      first += run.length
    }
  }

  #loadRows(place: Place, run: readonly { readonly result: kernels.ValueId; readonly form: Form }[]): void {
    const { graph, lanes, kernel } = this.#state
    const { scalar, number } = place
    const width = widthOf(scalar)
    const { form } = at(run, 0)
    const start = this.#state.address(place, form)
    const parts = Array.from({ length: lanes.partsOf(width) }, (_, part) => {
      const rows = Array.from({ length: width }, (_, k) => {
        // Lanes that there are not repeat the last one.
        const lane = Math.min(part * width + k, kernel.lanes - 1)
        const { base, offset } = this.#rowAddress(start, form.laneStride * lane * bytesOf(scalar))
        return graph.load('v128_load', number, [base], { offset })
      })
      return transposed(graph, scalar, rows)
    })
    for (const [k, { result }] of run.entries()) this.#prepared.set(result, many(scalar, parts.map((columns) => at(columns, k))))
  }

  #storeRows(run: readonly Column[]): void {
    const { graph, kernel } = this.#state
    const { place, form, parts } = at(run, 0)
    const width = widthOf(place.scalar)
    const start = this.#state.address(place, form)
    for (const part of parts.keys()) {
      const rows = transposed(graph, place.scalar, run.map((column) => at(column.parts, part)))
      for (let k = 0; k < width && part * width + k < kernel.lanes; k++) {
        const { base, offset } = this.#rowAddress(start, form.laneStride * (part * width + k) * bytesOf(place.scalar))
        graph.store('v128_store', place.number, [base, at(rows, k)], { offset }, part)
      }
    }
  }

  #storeLanes({ place, form, parts }: Column): void {
    const { kernel } = this.#state
    const start = this.#state.address(place, form)
    const width = widthOf(place.scalar)
    for (let lane = 0; lane < kernel.lanes; lane++) {
      const { base, offset } = this.#rowAddress(start, form.laneStride * lane * bytesOf(place.scalar))
      storeLane(this.#state, place, at(parts, Math.floor(lane / width)), lane, base, offset)
    }
  }

  #rowAddress({ base, offset }: Address, by: number): { readonly base: Value; readonly offset: number } {
    const { graph } = this.#state
    return by >= 0 ? { base, offset: offset + by } : { base: graph.op('i32_add', [base, graph.i32(offset + by)]), offset: 0 }
  }
}

/** Those from `first` on at consecutive places, as many as make whole vectors; loads may do with fewer, because more may be read. */
function runFrom<T extends Pick<Column, 'place' | 'form'> & Partial<Column>>(sorted: readonly T[], first: number): readonly T[] {
  const { place, form, parts } = at(sorted, first)
  const width = widthOf(place.scalar)
  const run = sorted.slice(first, first + width)
  const length = run.findIndex((item, k) => item.form.constant !== form.constant + k)
  const consecutive = length < 0 ? run : run.slice(0, length)
  return parts && consecutive.length < width ? consecutive.slice(0, 1) : consecutive
}

/** One lane of a vector to where that lane's element is. */
export function storeLane({ graph, lanes }: EmitterState, place: Place, vector: Value, lane: number, base: Value, offset: number): void {
  const width = widthOf(place.scalar)
  const [part, within] = [Math.floor(lane / width), lane % width]
  if (within === 0) graph.store(storeName(place.scalar), place.number, [base, lanes.extract(place.scalar, vector, 0)], { offset }, part)
  else graph.store(place.scalar === 'f64' ? 'v128_store64_lane' : 'v128_store32_lane', place.number, [base, vector], { offset, lane: within }, part)
}

/** Rows as columns: two vectors of two numbers, or four of four. */
function transposed(graph: GraphBuilder, scalar: Scalar, rows: readonly Value[]): readonly Value[] {
  const shuffle = (a: Value, b: Value, lanes: readonly number[]) => graph.op('i8x16_shuffle', [a, b], { lanes })
  const [low, high] = [pick(8, 0, 2), pick(8, 1, 3)]
  const [a, b] = [at(rows, 0), at(rows, 1)]
  if (widthOf(scalar) === 2) return [shuffle(a, b, low), shuffle(a, b, high)]
  const [c, d] = [at(rows, 2), at(rows, 3)]
  const [evenLow, evenHigh] = [pick(4, 0, 4, 1, 5), pick(4, 2, 6, 3, 7)]
  const [ab, cd, abHigh, cdHigh] = [shuffle(a, b, evenLow), shuffle(c, d, evenLow), shuffle(a, b, evenHigh), shuffle(c, d, evenHigh)]
  return [shuffle(ab, cd, low), shuffle(ab, cd, high), shuffle(abHigh, cdHigh, low), shuffle(abHigh, cdHigh, high)]
}
