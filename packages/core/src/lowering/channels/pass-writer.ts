import { Derivatives } from '../algebra/derivatives.ts'
import { InternalError } from '../../errors.ts'
import type { Expression, KernelBuilder, Memory } from '../../kernels/index.ts'
import type { ChannelTarget } from './analysis.ts'
import type { Declarations } from './declarations.ts'
import type { Chunk } from './kernel.ts'
import { entriesTogether, SideBySide } from './entries-together.ts'
import type { Pass } from './passes.ts'
import { evenlySpaced, heldRows, rowElements, scratchRows } from './row-elements.ts'
import { type Copies, EntryScope, type Scratch, type Span } from './scopes.ts'

/** A span, and the first lane that no span before has been. */
interface Place extends Span {
  readonly fresh: Expression | undefined
}

const none: Copies = new Map()

/** Writes the loops of passes: lanes are channels. */
export class PassWriter {
  readonly #declarations: Declarations
  readonly #scratch: Scratch

  constructor(declarations: Declarations, scratch: Scratch) {
    this.#declarations = declarations
    this.#scratch = scratch
  }

  write(pass: Pass, chunk: Chunk): void {
    if (pass.targets.some(({ kind }) => kind === 'channelSum')) this.#writeSums(pass, chunk)
    else if (chunk.isFirst !== undefined) this.#writeTotals(pass, chunk, chunk.isFirst)
    else this.#writeEach(pass, chunk)
  }

  /** Outputs that every entry has for itself. */
  #writeEach(pass: Pass, chunk: Chunk): void {
    const { builder } = this.#declarations
    const entries = (body: (position: Expression) => void) => {
      builder.loop(0, chunk.count, {}, body)
    }
    // Rows that several entries share are read span by span, so that they stay in the cache.
    if (rowElements(this.#declarations.spec, pass).length > 0)
      this.#overSpans(pass, (place) => {
        const copied = this.#copyRows(pass, chunk, place)
        const together = entriesTogether(this.#declarations.spec, pass)
        const whole = together > 1 ? chunk.count.sub(chunk.count.rem(together)) : builder.constant('index', 0)
        if (together > 1)
          builder.loop(0, whole, { step: together }, (first) => {
            this.#storeTogether(pass, chunk, Array.from({ length: together }, (_, k) => first.add(k)), place)
          })
        builder.loop(whole, chunk.count, {}, (position) => {
          this.#store(pass, chunk, position, place, copied)
        })
      })
    else
      entries((position) => {
        this.#overSpans(pass, (place) => {
          this.#store(pass, chunk, position, place, none)
        })
      })
  }

  #store(pass: Pass, chunk: Chunk, position: Expression, place: Place, copied: Copies): void {
    const entry = this.#entryAt(chunk, position)
    const derivatives = this.#derivatives(pass, chunk, position, place, copied)
    for (const [k, target] of pass.targets.entries()) if (target.kind === 'output') this.#storeOutput(target, entry, place, derivatives.of(pass.duals[k] ?? 0))
  }

  /** The same for several entries side by side. */
  #storeTogether(pass: Pass, chunk: Chunk, positions: readonly Expression[], place: Place): void {
    const { spec } = this.#declarations
    const shared = new Set(rowElements(spec, pass))
    const scopes = positions.map((position) => this.#scope(chunk, position, place, none))
    const arithmetic = new SideBySide(scopes, (variable) => {
      const meaning = spec.analysis.variables.meanings[variable]
      return meaning?.kind === 'input' && shared.has(meaning.element)
    })
    const derivatives = new Derivatives<readonly Expression[]>(pass.root, arithmetic)
    const entries = positions.map((position) => this.#entryAt(chunk, position))
    for (const [k, target] of pass.targets.entries()) {
      const values = derivatives.of(pass.duals[k] ?? 0)
      for (const [n, entry] of entries.entries()) {
        const value = values[n]
        if (value && target.kind === 'output') this.#storeOutput(target, entry, place, value)
      }
    }
  }

  /** Outputs that are sums over the entries of a run. */
  #writeTotals(pass: Pass, chunk: Chunk, isFirst: Expression): void {
    const { builder, spec } = this.#declarations
    const { sumRow: row } = chunk.run
    if (row === undefined) throw new InternalError('sums over entries without a row')
    const zero = builder.constant(spec.request.mathScalar, 0)
    this.#overSpans(pass, (place) => {
      const copied = this.#copyRows(pass, chunk, place)
      const initial = builder.branch(
        isFirst,
        () => pass.targets.map(() => zero),
        () => pass.targets.map((target) => this.#loadOutput(target, row, place)),
      )
      const totals = builder.loop(0, chunk.count, { carry: initial.map((value) => ({ varying: value })) }, (position, before) => {
        const derivatives = this.#derivatives(pass, chunk, position, place, copied)
        return pass.duals.map((dual, k) => derivatives.of(dual, before[k]))
      })
      const store = (mask?: Expression) => {
        for (const [k, target] of pass.targets.entries()) this.#storeOutput(target, row, place, totals[k] ?? zero, mask)
      }
      const { fresh } = place
      if (fresh === undefined) store()
      else
        builder.branch(
          fresh.equal(0),
          () => {
            store()
          },
          () => {
            store(builder.lane().greaterEqual(fresh))
          },
        )
    })
  }

  /** Sums over channels, and outputs that every entry has for itself. */
  #writeSums(pass: Pass, chunk: Chunk): void {
    const { builder, spec } = this.#declarations
    const { sums } = this.#scratch
    if (!sums) throw new InternalError('sums over channels without memory')
    const zero = builder.constant(spec.request.mathScalar, 0)
    const summed = pass.targets.flatMap((target, k) => (target.kind === 'channelSum' ? [{ target, dual: pass.duals[k] ?? 0 }] : []))
    const { lanes } = spec
    const { channels } = pass
    const zeroth = builder.constant('index', 0)
    const whole: Place = { base: zeroth, active: channels === lanes ? undefined : channels, fresh: undefined }
    const copied = channels <= lanes ? this.#copyRows(pass, chunk, whole) : none
    builder.loop(0, chunk.count, {}, (position) => {
      const entry = this.#entryAt(chunk, position)
      const step = (place: Place, before: readonly Expression[], isNew?: Expression): readonly Expression[] => {
        const derivatives = this.#derivatives(pass, chunk, position, place, copied)
        for (const [k, target] of pass.targets.entries()) if (target.kind === 'output') this.#storeOutput(target, entry, place, derivatives.of(pass.duals[k] ?? 0))
        return summed.map(({ dual }, k) => {
          const total = before[k] ?? zero
          return isNew ? total.add(isNew.select(derivatives.of(dual), zero)) : derivatives.of(dual, total)
        })
      }
      const carry = summed.map(() => ({ varying: zero }))
      let totals: readonly Expression[]
      if (spec.masksTails && channels > lanes)
        totals = builder.loop(0, channels, { step: lanes, carry }, (base, before) => {
          const active = activeAfter(builder, base, channels, lanes)
          return step({ base, active, fresh: undefined }, before)
        })
      else if (channels <= lanes) totals = step(whole, [])
      else {
        const numFull = Math.floor(channels / lanes)
        totals = builder.loop(0, numFull * lanes, { step: lanes, carry }, (base, before) => step({ base, active: undefined, fresh: undefined }, before))
        const fresh = (numFull + 1) * lanes - channels
        if (fresh !== lanes) {
          builder.barrier()
          const base = builder.constant('index', channels - lanes)
          totals = step({ base, active: undefined, fresh: undefined }, totals, builder.lane().greaterEqual(fresh))
        }
      }
      for (const [k, { target }] of summed.entries()) {
        const total = totals[k] ?? zero
        sums.store(position, target.number, total.type.uniformity === 'varying' ? total.sum() : total.mul(channels))
      }
      if (pass.targets.length > summed.length) builder.barrier()
    })
  }

  /** Runs `body` for every span of a pass's channels that the program has; the last one reaches back if it would not be full. */
  #overSpans(pass: Pass, body: (place: Place) => void): void {
    const { builder, spec } = this.#declarations
    const { lanes } = spec
    const { channels } = pass
    const none = builder.constant('index', 0)
    if (channels <= lanes) {
      // Of several groups of spans the first one does it.
      builder.branch(builder.programId(1).equal(0), () => {
        body({ base: none, active: channels === lanes ? undefined : channels, fresh: undefined })
      })
      return
    }
    const perGroup = this.#declarations.parameter({ kind: 'spansPerGroup' }).mul(lanes)
    const first = builder.programId(1).mul(perGroup)
    if (spec.masksTails) {
      builder.loop(first, first.add(perGroup).min(channels), { step: lanes }, (base) => {
        body({ base, active: activeAfter(builder, base, channels, lanes), fresh: undefined })
        builder.barrier()
      })
      return
    }
    const isFull = channels % lanes === 0
    builder.loop(first, first.add(perGroup).min(channels), { step: lanes }, (start) => {
      const base = isFull ? start : start.min(channels - lanes)
      body({ base, active: undefined, fresh: isFull ? undefined : start.sub(base) })
      builder.barrier()
    })
  }

  /** Reads what all entries share of a span: into registers, or next to each other. */
  #copyRows(pass: Pass, { run }: Chunk, span: Span): Copies {
    const { builder, spec } = this.#declarations
    const { rows } = this.#scratch
    // Any entry does: what is copied does not depend on it.
    const zeroth = builder.constant('index', 0)
    const source = new EntryScope(this.#declarations, { entry: zeroth, position: zeroth, row: run.row, span, scratch: this.#scratch, copied: none })
    const held = heldRows(spec, pass).flatMap((number) => {
      const element = spec.form.inputs[number]
      return element ? [[number, source.elementAt(element)] as const] : []
    })
    if (held.length > 0) return new Map(held.map(([number, value]) => [number, () => value]))
    const elements = scratchRows(spec, pass)
    if (!rows || elements.length === 0) return none
    let end = 0
    for (const { element, length, distance } of evenlySpaced(elements.flatMap((number) => spec.form.inputs[number] ?? []))) {
      const first = end
      builder.loop(0, length, {}, (k) => {
        rows.storeLanes(k.add(first).mul(spec.lanes), source.elementAt(element, k.mul(distance)))
      })
      end += length
    }
    builder.barrier()
    return new Map(elements.map((element, k) => [element, () => rows.loadLanes(k * spec.lanes)]))
  }

  #entryAt({ run, start }: Chunk, position: Expression): Expression {
    return this.#scratch.places?.entry(position) ?? run.entryAt(start.add(position))
  }

  #derivatives(pass: Pass, chunk: Chunk, position: Expression, span: Span, copied: Copies): Derivatives<Expression> {
    return new Derivatives<Expression>(pass.root, this.#scope(chunk, position, span, copied))
  }

  #scope(chunk: Chunk, position: Expression, span: Span, copied: Copies): EntryScope {
    const entry = this.#entryAt(chunk, position)
    return new EntryScope(this.#declarations, { entry, position, row: chunk.run.row, span, scratch: this.#scratch, copied })
  }

  #elementOf({ number }: ChannelTarget, row: Expression, { base, active }: Span): { memory: Memory; position: Expression; stride: number; active: Span['active']; scattered: Expression } {
    const { form, request } = this.#declarations.spec
    const element = form.outputs[number]
    if (!element) throw new InternalError('a pass for what is no output')
    const start = row.mul(request.polynomial.outputs[element.operand]?.size ?? 0)
    const channel = base.add(this.#declarations.builder.lane())
    return {
      memory: this.#declarations.output(element.operand),
      position: start.add(base).add(element.offset),
      stride: element.stride,
      active,
      scattered: start.add(channel.mul(element.stride)).add(element.offset),
    }
  }

  #storeOutput(target: ChannelTarget, row: Expression, span: Span, value: Expression, mask?: Expression): void {
    const { builder } = this.#declarations
    const { memory, position, stride, active, scattered } = this.#elementOf(target, row, span)
    const element = value.convert(memory.scalar)
    if (stride === 1 && !mask) {
      memory.storeLanes(position, element, active === undefined ? {} : { active })
      return
    }
    const inside = active === undefined ? undefined : builder.lane().less(active)
    const both = mask && inside ? mask.and(inside) : (mask ?? inside)
    memory.store(scattered, element, both ? { mask: both } : {})
  }

  #loadOutput(target: ChannelTarget, row: Expression, span: Span): Expression {
    const { builder, spec } = this.#declarations
    const { memory, position, stride, active, scattered } = this.#elementOf(target, row, span)
    const value =
      stride === 1
        ? memory.loadLanes(position, active === undefined ? {} : { active })
        : memory.load(scattered, active === undefined ? {} : { mask: builder.lane().less(active) })
    return value.convert(spec.request.mathScalar)
  }
}

/** Lanes that are channels from a base on; `undefined` for all. */
function activeAfter(builder: KernelBuilder, base: Expression, channels: number, lanes: number): Expression | undefined {
  return channels % lanes === 0 ? undefined : builder.constant('index', channels).sub(base)
}
