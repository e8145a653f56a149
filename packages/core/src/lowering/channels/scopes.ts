import type { Arithmetic } from '../algebra/derivatives.ts'
import type { Variable } from '../algebra/form.ts'
import { InternalError } from '../../errors.ts'
import type { Expression, KernelBuilder, Memory } from '../../kernels/index.ts'
import type { Element } from '../normal-form.ts'
import { accessOf, type Declarations } from './declarations.ts'
import type { EntryPlaces } from './entry-places.ts'
import type { EntryTable } from './entry-table.ts'

/**
 * Channels that lanes stand for at a place: `base … base + lanes − 1`, all of them or the first `active`; or those that `channel` says,
 * where lanes work on several entries at once.
 */
export interface Span {
  readonly base: Expression
  readonly active: Expression | number | undefined
  readonly channel: Expression | undefined
}

/** Channel of every lane. */
export function channelOf(builder: KernelBuilder, { base, channel }: Span): Expression {
  return channel ?? base.add(builder.lane())
}

/** Memory of a program. */
export interface Scratch {
  readonly factors: EntryTable | undefined
  readonly sums: EntryTable | undefined
  /** `[element][lane]`: copies of rows that all entries share. */
  readonly rows: Memory | undefined
  /** Through which lanes hand one another values, where entries share them. */
  readonly exchange: Memory | undefined
  /** Where the entries of a chunk, and what index arrays hold for them, are kept: one after another they would be waited for. */
  readonly places: EntryPlaces | undefined
}

/** Formulas written as instructions of a kernel. */
abstract class KernelArithmetic implements Arithmetic<Expression> {
  protected readonly declarations: Declarations
  readonly #row: Expression | undefined
  readonly #values = new Map<Variable, Expression>()

  /** @param row that of the run, if entries are visited by an index array. */
  constructor(declarations: Declarations, row: Expression | undefined) {
    this.declarations = declarations
    this.#row = row
  }

  protected get builder(): KernelBuilder {
    return this.declarations.builder
  }

  variable(variable: Variable): Expression {
    const known = this.#values.get(variable)
    if (known) return known
    const value = this.load(variable).convert(this.declarations.spec.request.mathScalar)
    this.#values.set(variable, value)
    return value
  }

  constant(value: number): Expression {
    return this.builder.constant(this.declarations.spec.request.mathScalar, value)
  }

  multiply(a: Expression, b: Expression): Expression {
    return a.mul(b)
  }

  multiplyAdd(a: Expression, b: Expression, c: Expression): Expression {
    return a.fma(b, c)
  }

  multiplySubtract(a: Expression, b: Expression, c: Expression): Expression {
    return a.neg().fma(b, c)
  }

  add(a: Expression, b: Expression): Expression {
    return a.add(b)
  }

  subtract(a: Expression, b: Expression): Expression {
    return a.sub(b)
  }

  protected abstract load(variable: Variable): Expression

  protected inputOf(variable: Variable) {
    const { analysis, form } = this.declarations.spec
    const meaning = analysis.variables.meanings[variable]
    const element = meaning?.kind === 'input' ? form.inputs[meaning.element] : undefined
    return { meaning, element }
  }

  /** First element of the row of an operand that belongs to an entry. */
  protected rowStart(operand: number, entry: Expression, mask?: Expression): Expression {
    const { iteration, request } = this.declarations.spec
    const access = accessOf(request.inputs, operand)
    const size = request.polynomial.inputs[operand]?.size ?? 0
    if (this.#row && access.kind === 'indexed' && 'index' in iteration && iteration.index === access.index) return this.#row.mul(size)
    if (access.kind === 'shared') return this.builder.constant('index', 0)
    if (access.kind === 'batched') return entry.mul(size)
    return this.indexedRow(access.index, entry, mask).mul(size)
  }

  protected indexedRow(index: number, entry: Expression, mask?: Expression): Expression {
    return this.declarations.indices(index).load(entry, mask ? { mask } : {}).convert('index')
  }
}

/** How elements are read that were read before for all entries, by element. */
export type Copies = ReadonlyMap<number, () => Expression>

export interface EntryPlace {
  readonly entry: Expression
  /** Position of the entry within its chunk. */
  readonly position: Expression
  /** Row of the run. */
  readonly row: Expression | undefined
  readonly span: Span
  /** Lanes that have an entry, if not all have: 0 is read in others. */
  readonly mask: Expression | undefined
  readonly scratch: Scratch
  readonly copied: Copies
}

/** One entry, or one for each lane; lanes are channels. */
export class EntryScope extends KernelArithmetic {
  readonly #entry: Expression
  readonly #position: Expression
  readonly #span: Span
  readonly #mask: Expression | undefined
  readonly #scratch: Scratch
  readonly #copied: Copies
  /** Rows of the entry, by index array. */
  readonly #rows = new Map<number, Expression>()

  constructor(declarations: Declarations, { entry, position, row, span, mask, scratch, copied }: EntryPlace) {
    super(declarations, row)
    this.#copied = copied
    this.#entry = entry
    this.#position = position
    this.#span = span
    this.#mask = mask
    this.#scratch = scratch
  }

  protected load(variable: Variable): Expression {
    const { meaning, element } = this.inputOf(variable)
    if (meaning?.kind === 'factor' && this.#scratch.factors) return this.#scratch.factors.load(this.#position, meaning.slot)
    if (!element || meaning?.kind !== 'input') throw new InternalError('a product over channels holds what is no input')
    const copy = this.#copied.get(meaning.element)
    if (copy) return copy()
    return this.#read(element, undefined)
  }

  protected override indexedRow(index: number, entry: Expression): Expression {
    const known = this.#rows.get(index)
    if (known) return known
    const row = this.#scratch.places?.row(index, this.#position) ?? super.indexedRow(index, entry)
    this.#rows.set(index, row)
    return row
  }

  /** An element in the row of an input, or what lies `shift` behind it. */
  elementAt(element: Element, shift?: Expression): Expression {
    return this.#read(element, shift).convert(this.declarations.spec.request.mathScalar)
  }

  #read({ operand, offset, stride }: Element, shift: Expression | undefined): Expression {
    const memory = this.declarations.input(operand)
    const row = this.rowStart(operand, this.#entry)
    const start = shift ? row.add(shift) : row
    const { base, active, channel } = this.#span
    if (stride === 0) return memory.load(start.add(offset))
    if (stride === 1 && !channel) return memory.loadLanes(start.add(base).add(offset), active === undefined ? {} : { active })
    const position = start.add(channelOf(this.builder, this.#span).mul(stride)).add(offset)
    const mask = active === undefined ? this.#mask : this.builder.lane().less(active)
    return memory.load(position, mask ? { mask } : {})
  }
}

export interface LanePlace {
  readonly entries: Expression
  readonly mask: Expression
  /** Position of the first lane's entry within its chunk. */
  readonly first: Expression
  /** Row of the run. */
  readonly row: Expression | undefined
  readonly scratch: Scratch
}

/** As many entries as there are lanes, what has no channels. */
export class LaneScope extends KernelArithmetic {
  readonly #entries: Expression
  readonly #mask: Expression
  readonly #first: Expression
  readonly #scratch: Scratch

  constructor(declarations: Declarations, { entries, mask, first, row, scratch }: LanePlace) {
    super(declarations, row)
    this.#entries = entries
    this.#mask = mask
    this.#first = first
    this.#scratch = scratch
  }

  protected load(variable: Variable): Expression {
    const { meaning, element } = this.inputOf(variable)
    if (meaning?.kind === 'channelSum' && this.#scratch.sums) return this.#scratch.sums.loadLanes(this.#first, meaning.slot, this.#mask)
    if (!element) throw new InternalError('a polynomial without channels holds what is no input')
    const memory = this.declarations.input(element.operand)
    const position = this.rowStart(element.operand, this.#entries, this.#mask).add(element.offset)
    return position.type.uniformity === 'uniform' ? memory.load(position) : memory.load(position, { mask: this.#mask })
  }
}
