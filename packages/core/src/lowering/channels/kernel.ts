import { Derivatives, nestBest } from '../algebra/derivatives.ts'
import { InternalError } from '../../errors.ts'
import { type Expression, type Kernel, KernelBuilder } from '../../kernels/index.ts'
import { Declarations } from './declarations.ts'
import { makeEntryPlaces } from './entry-places.ts'
import { EntryTable } from './entry-table.ts'
import { exchangeLength } from './lane-sums.ts'
import { PassWriter } from './pass-writer.ts'
import { scratchRows } from './row-elements.ts'
import { RowStage, stagesRows } from './row-stage.ts'
import { rowToucher } from './row-touches.ts'
import { LaneScope, type Scratch } from './scopes.ts'
import { type BufferSource, isSummed, type KernelSpec, type ParameterSource } from './spec.ts'

export interface MadeKernel {
  readonly kernel: Kernel
  readonly parameters: readonly ParameterSource[]
  readonly buffers: readonly BufferSource[]
}

/** Entries `first … last − 1` of a program in the order of its visits. */
interface Run {
  readonly first: Expression
  readonly last: Expression
  /** Row that an index array holds for all of them, if entries are visited by one. */
  readonly row: Expression | undefined
  /** Row of the output that everything is added to, if outputs are sums. */
  readonly sumRow: Expression | undefined
  /** Number of the entry at a position, uniform or lane by lane. */
  entryAt(position: Expression, mask?: Expression): Expression
}

/** A chunk of a run. */
export interface Chunk {
  readonly run: Run
  readonly start: Expression
  readonly count: Expression
  /** Whether sums begin here; `undefined` where nothing is summed. */
  readonly isFirst: Expression | undefined
}

export type { Run }

/** The kernel of a spec. Phases of a chunk: factors (lanes are entries), passes (lanes are channels), closing (lanes are entries). */
export function makeKernel(spec: KernelSpec): MadeKernel {
  const builder = new KernelBuilder(spec.name, { lanes: spec.lanes, gridRank: spec.passesApart ? 3 : 2 })
  const declarations = new Declarations(builder, spec)
  const { analysis, chunk, request } = spec
  const numRows = Math.max(0, ...spec.passes.map((pass) => scratchRows(spec, pass).length))
  const numExchanged = exchangeLength(spec, spec.passes, isSummed(spec.iteration))
  const scratch: Scratch = {
    factors: analysis.numFactors > 0 ? new EntryTable(builder, 'factors', request.mathScalar, analysis.numFactors, spec) : undefined,
    sums: analysis.numSums > 0 ? new EntryTable(builder, 'sums', request.mathScalar, analysis.numSums, spec) : undefined,
    rows: numRows > 0 ? builder.shared('rows', request.mathScalar, numRows * spec.lanes) : undefined,
    exchange: numExchanged > 0 ? builder.shared('exchange', request.mathScalar, numExchanged) : undefined,
    places: makeEntryPlaces(declarations),
  }
  const writer = new PassWriter(declarations, scratch)
  const touch = spec.touched && rowToucher(declarations, spec.touched)
  const writeChunk = (part: Chunk) => {
    if (scratch.places) overEntries(declarations, part, scratch, (_scope, entries, mask, first) => scratch.places?.write(entries, mask, first))
    if (analysis.numFactors > 0) writeFactors(declarations, scratch, part)
    if (scratch.places || analysis.numFactors > 0) builder.barrier()
    touch?.(part)
    for (const [k, pass] of spec.passes.entries()) {
      if (!spec.passesApart) writer.write(pass, part)
      else
        builder.branch(builder.programId(2).equal(k), () => {
          writer.write(pass, part)
        })
    }
    if (analysis.closing.length === 0) return
    if (analysis.numSums > 0) builder.barrier()
    writeClosing(declarations, scratch, part)
  }
  overRuns(declarations, (run) => {
    const { first, last, sumRow } = run
    if (spec.iteration.kind === 'tiles') {
      writeChunk({ run, start: first, count: last.sub(first), isFirst: undefined })
      return
    }
    // A row without entries is written too.
    builder.loop(first, sumRow === undefined ? last : last.max(first.add(1)), { step: chunk }, (start) => {
      writeChunk({ run, start, count: last.sub(start).min(chunk), isFirst: sumRow === undefined ? undefined : start.equal(first) })
      builder.barrier()
    })
  })
  return { kernel: builder.build(), parameters: declarations.parameters, buffers: declarations.buffers }
}

/** Calls `body` with the run of a program, or with every part of a run that it has. */
function overRuns(declarations: Declarations, body: (run: Run) => void): void {
  const { builder, spec } = declarations
  const { iteration } = spec
  if (iteration.kind !== 'pieces') {
    body(makeRun(declarations))
    return
  }
  const program = builder.programId(0)
  const perProgram = declarations.parameter({ kind: 'entriesPerSplit' })
  const begin = program.mul(perProgram)
  const end = declarations.batchSize.min(begin.add(perProgram))
  const { index } = iteration
  const [starts, entries, indices] = [declarations.starts(index), declarations.entries(index), declarations.indices(index)]
  const entryAt = (position: Expression, mask?: Expression) => entries.load(position, mask ? { mask } : {}).convert('index')
  const rowAt = (position: Expression) => indices.load(entryAt(position)).convert('index')
  builder.loop(rowAt(begin), rowAt(end.sub(1)).add(1), {}, (row) => {
    const [first, last] = [starts.load(row).convert('index').max(begin), starts.load(row.add(1)).convert('index').min(end)]
    body({ first, last, row, sumRow: iteration.isSummed ? program.add(row) : undefined, entryAt })
  })
}

function makeRun(declarations: Declarations): Run {
  const { builder, spec } = declarations
  const { iteration, chunk } = spec
  const program = builder.programId(0)
  if (iteration.kind === 'tiles') {
    const first = program.mul(chunk)
    return { first, last: declarations.batchSize.min(first.add(chunk)), row: undefined, sumRow: undefined, entryAt: (position) => position }
  }
  if (iteration.kind === 'splits') {
    const perSplit = declarations.parameter({ kind: 'entriesPerSplit' })
    const first = program.mul(perSplit)
    return { first, last: declarations.batchSize.min(first.add(perSplit)), row: undefined, sumRow: program, entryAt: (position) => position }
  }
  const { index } = iteration
  const starts = declarations.starts(index)
  const [first, last] = [starts.load(program).convert('index'), starts.load(program.add(1)).convert('index')]
  const entryAt = (position: Expression, mask?: Expression) => declarations.entries(index).load(position, mask ? { mask } : {}).convert('index')
  return { first, last, row: program, sumRow: iteration.kind === 'rows' ? program : undefined, entryAt }
}

/** Runs `body` for as many entries at once as there are lanes. */
function overEntries(
  declarations: Declarations,
  { run, start, count }: Chunk,
  scratch: Scratch,
  body: (scope: LaneScope, entries: Expression, mask: Expression, first: Expression) => void,
): void {
  const { builder, spec } = declarations
  const step = (first: Expression | number) => {
    const offset = typeof first === 'number' ? builder.constant('index', first) : first
    const mask = builder.lane().less(count.sub(offset))
    const entries = run.entryAt(start.add(offset).add(builder.lane()), mask)
    body(new LaneScope(declarations, { entries, mask, first: offset, row: run.row, scratch }), entries, mask, offset)
  }
  if (spec.chunk <= spec.lanes) step(0)
  else builder.loop(0, count, { step: spec.lanes }, step)
}

function writeFactors(declarations: Declarations, scratch: Scratch, chunk: Chunk): void {
  const { analysis } = declarations.spec
  const { factors } = scratch
  if (!factors) throw new InternalError('factors without memory')
  const duals = Array.from({ length: analysis.numFactors }, (_, slot) => analysis.variables.number({ kind: 'slot', slot }))
  const root = nestBest(analysis.factors, new Set(duals), false)
  overEntries(declarations, chunk, scratch, (scope, _entries, mask, first) => {
    const derivatives = new Derivatives<Expression>(root, scope)
    for (const [slot, dual] of duals.entries()) factors.storeLanes(first, slot, derivatives.of(dual), mask)
  })
}

/** Outputs without channels. */
function writeClosing(declarations: Declarations, scratch: Scratch, chunk: Chunk): void {
  const { builder, spec } = declarations
  const { analysis, form, request } = spec
  const duals = [...new Set(analysis.closing.flatMap(({ variables }) => variables.filter((variable) => analysis.variables.meanings[variable]?.kind === 'output')))]
  const root = nestBest(analysis.closing, new Set(duals), chunk.isFirst !== undefined)
  const places = duals.map((dual) => {
    const meaning = analysis.variables.meanings[dual]
    const element = meaning?.kind === 'output' ? form.outputs[meaning.element] : undefined
    if (!element) throw new InternalError('a closing polynomial for what is no output')
    const { operand, offset } = element
    return { operand, memory: declarations.output(operand), offset, size: request.polynomial.outputs[operand]?.size ?? 0 }
  })
  const { run, isFirst } = chunk
  const { sumRow } = run
  if (sumRow === undefined || isFirst === undefined) {
    // Rows of which all elements are here.
    const whole = places.filter((place) => places.filter(({ operand }) => operand === place.operand).length === place.size)
    const stages = new Map(
      [...new Map(whole.map((place) => [place.operand, place]))].flatMap(([operand, { memory, size }]) =>
        stagesRows(spec, size, memory.scalar) ? [[operand, { memory, size, rows: new RowStage(builder, `rowsOf${operand}`, memory.scalar, size) }] as const] : [],
      ),
    )
    overEntries(declarations, chunk, scratch, (scope, entries, mask, first) => {
      const derivatives = new Derivatives<Expression>(root, scope)
      for (const [k, dual] of duals.entries()) {
        const place = places[k]
        if (!place) continue
        const value = derivatives.of(dual).convert(place.memory.scalar)
        const stage = stages.get(place.operand)
        if (stage) stage.rows.put(place.offset, value)
        else place.memory.store(entries.mul(place.size).add(place.offset), value, { mask })
      }
      for (const { memory, size, rows } of stages.values()) rows.write(memory, chunk.start.add(first).mul(size), chunk.count.sub(first))
    })
    return
  }
  // Registers would not do for many sums: a group at a time.
  const groupSize = 8
  for (let from = 0; from < duals.length; from += groupSize) {
    const group = duals.slice(from, from + groupSize)
    const zero = builder.constant(request.mathScalar, 0)
    const accumulate = (offset: Expression, totals: readonly Expression[]) => {
      const mask = builder.lane().less(chunk.count.sub(offset))
      const entries = run.entryAt(chunk.start.add(offset).add(builder.lane()), mask)
      const derivatives = new Derivatives<Expression>(root, new LaneScope(declarations, { entries, mask, first: offset, row: run.row, scratch }))
      return group.map((dual, k) => {
        const total = totals[k] ?? zero
        return mask.select(derivatives.of(dual, total), total)
      })
    }
    const totals = builder.loop(0, chunk.count, { step: spec.lanes, carry: group.map(() => ({ varying: zero })) }, accumulate)
    for (const [k, total] of totals.entries()) {
      const place = places[from + k]
      if (!place) continue
      const position = sumRow.mul(place.size).add(place.offset)
      const [before] = builder.branch(
        isFirst,
        () => [zero],
        () => [place.memory.load(position).convert(request.mathScalar)],
      )
      place.memory.store(position, before.add(total.sum()).convert(place.memory.scalar))
    }
  }
}
