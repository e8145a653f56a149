import type { Expression } from '../../kernels/index.ts'
import type { NormalForm } from '../normal-form.ts'
import type { PolynomialRequest } from '../request.ts'
import { widthOf } from '../scalars.ts'
import { type Analysis, readElements } from './analysis.ts'
import { accessOf, type Declarations } from './declarations.ts'
import type { Chunk } from './kernel.ts'
import type { Iteration } from './spec.ts'

/** Bytes that come into a cache together. */
const lineBytes = 64
/** Rows below this are as fast without. */
const smallestBytes = 1024
/** What the rows of a chunk should take of the cache behind the first, and what they may. */
const [wantedBytes, mostBytes] = [2 ** 17, 2 ** 18]
/** Reads of one iteration: enough to be waited for together. */
const linesAtOnce = 8

/**
 * Operands of which every entry of a run has a row of its own, where those rows are large: passes read them a span at a time for all
 * entries of a chunk, a line here and a line there, and would wait for memory at each. Read once from end to end before, they come as fast
 * as memory gives them, and stay in the cache until the last span.
 */
export interface TouchedRows {
  readonly operands: readonly number[]
  /** Entries of a chunk whose rows the cache holds. */
  readonly entries: number
}

/** `undefined` where nothing is gained. @param unit fewest entries of a chunk. */
export function touchedRows(request: PolynomialRequest, form: NormalForm, analysis: Analysis, iteration: Iteration, unit: number): TouchedRows | undefined {
  if (iteration.kind === 'tiles') return undefined
  const operands = new Set<number>()
  for (const number of readElements(analysis.targets)) {
    const element = form.inputs[number]
    if (!element || element.stride === 0) continue
    const access = accessOf(request.inputs, element.operand)
    const isOfRun = access.kind === 'shared' || (access.kind === 'indexed' && 'index' in iteration && iteration.index === access.index)
    if (!isOfRun) operands.add(element.operand)
  }
  let bytes = 0
  for (const operand of operands) bytes += (request.polynomial.inputs[operand]?.size ?? 0) * widthOf(request.inputScalars[operand] ?? 'f32')
  if (bytes < smallestBytes || bytes * unit > mostBytes) return undefined
  return { operands: [...operands].sort((a, b) => a - b), entries: Math.floor(wantedBytes / bytes) }
}

/** Gives what reads the rows of a chunk, a number of every line. */
export function rowToucher(declarations: Declarations, { operands }: TouchedRows): (chunk: Chunk) => void {
  const { builder, spec } = declarations
  const { mathScalar, polynomial } = spec.request
  const zero = builder.constant(mathScalar, 0)
  // What is read must be used for something.
  const sink = builder.shared('touched', mathScalar, 1)
  const touch = (operand: number, entry: Expression, before: Expression): Expression => {
    const memory = declarations.input(operand)
    const size = polynomial.inputs[operand]?.size ?? 0
    const access = accessOf(spec.request.inputs, operand)
    const row = access.kind === 'indexed' ? declarations.indices(access.index).load(entry).convert('index') : entry
    const start = row.mul(size)
    const step = lineBytes / widthOf(spec.request.inputScalars[operand] ?? 'f32')
    const numberAt = (place: Expression) => memory.load(place).convert(mathScalar)
    const [numLines, perLoop] = [Math.ceil(size / step), 2 * linesAtOnce]
    const numLoops = Math.floor(numLines / perLoop)
    let total = before
    if (numLoops > 0) {
      const carry = Array.from({ length: linesAtOnce }, () => zero)
      const totals = builder.loop(0, numLoops, { carry }, (k, sums) => {
        const first = start.add(k.mul(perLoop * step))
        return sums.map((sum, line) => sum.add(numberAt(first.add(2 * line * step)).add(numberAt(first.add((2 * line + 1) * step)))))
      })
      total = totals.reduce((sum, each) => sum.add(each), total)
    }
    for (let line = numLoops * perLoop; line < numLines; line++) total = total.add(numberAt(start.add(line * step)))
    return total
  }
  return ({ run, start, count }) => {
    const [total] = builder.loop(0, count, { carry: [zero] }, (position, [before]) => {
      const entry = run.entryAt(start.add(position))
      return [operands.reduce((sum, operand) => touch(operand, entry, sum), before)]
    })
    sink.store(0, total)
  }
}
