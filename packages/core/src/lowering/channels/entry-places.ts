import type { Expression, Memory } from '../../kernels/index.ts'
import { readElements } from './analysis.ts'
import { accessOf, type Declarations } from './declarations.ts'
import type { KernelSpec } from './spec.ts'

/** Index arrays that passes read rows by, beside that of the run. */
function gatheredIndices({ analysis, form, iteration, request }: KernelSpec): readonly number[] {
  const indices = new Set<number>()
  for (const number of readElements(analysis.targets)) {
    const access = accessOf(request.inputs, form.inputs[number]?.operand ?? 0)
    if (access.kind === 'indexed' && !('index' in iteration && iteration.index === access.index)) indices.add(access.index)
  }
  return [...indices].sort((a, b) => a - b)
}

/** The numbers of the entries of a chunk, and the rows that index arrays hold for them, in memory of the program. */
export class EntryPlaces {
  readonly #declarations: Declarations
  readonly #entries: Memory | undefined
  readonly #rows: ReadonlyMap<number, Memory>

  constructor(declarations: Declarations, entries: Memory | undefined, rows: ReadonlyMap<number, Memory>) {
    this.#declarations = declarations
    this.#entries = entries
    this.#rows = rows
  }

  /** Writes what belongs to the entries of the lanes. */
  write(entries: Expression, mask: Expression, first: Expression): void {
    const place = first.add(this.#declarations.builder.lane())
    this.#entries?.store(place, entries.convert('i32'), { mask })
    for (const [index, memory] of this.#rows) memory.store(place, this.#declarations.indices(index).load(entries, { mask }), { mask })
  }

  /** Number of the entry at a position of the chunk, if it is kept. */
  entry(position: Expression): Expression | undefined {
    return this.#entries?.load(position).convert('index')
  }

  /** Row of an index array for that entry, if it is kept. */
  row(index: number, position: Expression): Expression | undefined {
    return this.#rows.get(index)?.load(position).convert('index')
  }
}

/** For kernels whose lanes are threads; `undefined` where nothing is looked up. */
export function makeEntryPlaces(declarations: Declarations): EntryPlaces | undefined {
  const { builder, spec } = declarations
  if (!spec.isByEntry || spec.passes.length === 0) return undefined
  const keep = (name: string) => builder.shared(name, 'i32', spec.chunk)
  const entries = 'index' in spec.iteration ? keep('entries') : undefined
  const rows = new Map(gatheredIndices(spec).map((index) => [index, keep(`rows${index}`)]))
  return entries || rows.size > 0 ? new EntryPlaces(declarations, entries, rows) : undefined
}
