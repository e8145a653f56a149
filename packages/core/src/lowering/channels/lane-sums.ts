import type { Expression, Memory } from '../../kernels/index.ts'
import type { Declarations } from './declarations.ts'
import type { EntryTable } from './entry-table.ts'
import { entriesAtOnce, type LaneEntries, type LanePosition } from './lane-entries.ts'
import type { Pass } from './passes.ts'
import { comparePlaces, evenlySpaced } from './row-elements.ts'
import type { KernelSpec } from './spec.ts'

/** Rows that are exchanged at once, where lanes can share them evenly. */
const rowsAtOnce = 8
const mostRowsAtOnce = 32
const banks = 32

/** A sum over channels that every entry has. */
export interface EntrySum {
  readonly slot: number
  /** What every lane adds. */
  readonly value: Expression
}

/** Sums over those lanes that belong to one channel, or to one entry: values are laid down row by row, and lanes share the sums. */
export class LaneSums {
  readonly #declarations: Declarations
  readonly #memory: Memory

  constructor(declarations: Declarations, memory: Memory) {
    this.#declarations = declarations
    this.#memory = memory
  }

  /** Adds up what the entries have of each target, and writes it to a row of the outputs. */
  storeTotals({ targets }: Pass, lanes: LaneEntries, totals: readonly Expression[], outputRow: Expression): void {
    const { builder, spec } = this.#declarations
    const { form, request } = spec
    const { channels, entries, entry, channel, isTaken } = lanes
    const all = targets.flatMap(({ number }, k) => {
      const [element, value] = [form.outputs[number], totals[k]]
      return element && value ? [{ element, value }] : []
    })
    all.sort((a, b) => comparePlaces(a.element, b.element))
    const pitch = pitchFor(spec.lanes, channels)
    const rows = rowsFor(all.length, entries)
    for (let from = 0; from < all.length; from += rows) {
      const group = all.slice(from, from + rows)
      this.#layDown(group.map(({ value }) => value), pitch)
      let begin = 0
      for (const { element, length, distance } of evenlySpaced(group.map((own) => own.element))) {
        const memory = this.#declarations.output(element.operand)
        const start = outputRow.mul(request.polynomial.outputs[element.operand]?.size ?? 0).add(element.offset)
        const first = begin
        builder.loop(0, length, { step: entries }, (k) => {
          const own = k.add(entry)
          const mask = isTaken.and(own.less(length))
          const total = this.#sum(own.add(first).mul(pitch).add(channel), channels, entries, mask)
          memory.store(start.add(own.mul(distance)).add(channel.mul(element.stride)), total.convert(memory.scalar), { mask })
        })
        begin += length
      }
    }
  }

  /** Sums over the channels of each entry. */
  storeSums(values: readonly EntrySum[], { channels, entry, channel }: LaneEntries, { position, isThere }: LanePosition, table: EntryTable): void {
    const { builder, spec } = this.#declarations
    const pitch = pitchFor(spec.lanes, 1)
    const rows = rowsFor(values.length, channels)
    for (let from = 0; from < values.length; from += rows) {
      const group = values.slice(from, from + rows)
      this.#layDown(group.map(({ value }) => value), pitch)
      for (const [first, length] of successive(group.map(({ slot }) => slot)))
        builder.loop(0, length, { step: channels }, (k) => {
          const own = k.add(channel)
          const mask = isThere.and(own.less(length))
          const total = this.#sum(own.add(first).mul(pitch).add(entry.mul(channels)), 1, channels, mask)
          table.store(position, own.add(group[first]?.slot ?? 0), total, mask)
        })
    }
  }

  #layDown(values: readonly Expression[], pitch: number): void {
    const { builder } = this.#declarations
    builder.barrier()
    for (const [row, value] of values.entries()) this.#memory.store(builder.lane().add(row * pitch), value)
    builder.barrier()
  }

  #sum(first: Expression, distance: number, count: number, mask: Expression): Expression {
    let total = this.#memory.load(first, { mask })
    for (let k = 1; k < count; k++) total = total.add(this.#memory.load(first.add(k * distance), { mask }))
    return total
  }
}

/** Elements that some passes need to be exchanged. */
export function exchangeLength(spec: Pick<KernelSpec, 'isByEntry' | 'lanes'>, passes: readonly Pass[], isSummed: boolean): number {
  const lengths = passes.map(({ channels, targets }) => {
    const entries = entriesAtOnce(spec, channels)
    if (entries === 1) return 0
    const numSums = targets.filter(({ kind }) => kind === 'channelSum').length
    const totals = isSummed ? rowsFor(targets.length - numSums, entries) * pitchFor(spec.lanes, channels) : 0
    return Math.max(totals, rowsFor(numSums, channels) * pitchFor(spec.lanes, 1))
  })
  return Math.max(0, ...lengths)
}

/** Elements from row to row: as many more than there are lanes that what lanes read at once lies in different banks. */
function pitchFor(lanes: number, distance: number): number {
  return lanes + ((((distance - lanes) % banks) + banks) % banks)
}

/** Rows that are exchanged at once: of so many, of which lanes take `unit` at a time. */
function rowsFor(rows: number, unit: number): number {
  return Math.min(rows, mostRowsAtOnce, unit * Math.ceil(rowsAtOnce / unit))
}

/** First position and length of every run of successive numbers. */
function successive(numbers: readonly number[]): readonly (readonly [number, number])[] {
  const starts = numbers.flatMap((number, k) => (k === 0 || number !== (numbers[k - 1] ?? 0) + 1 ? [k] : []))
  return starts.map((start, k) => [start, (starts[k + 1] ?? numbers.length) - start] as const)
}
