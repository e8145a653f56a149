import { Derivatives } from '../algebra/derivatives.ts'
import { InternalError } from '../../errors.ts'
import type { Expression, KernelBuilder, Memory } from '../../kernels/index.ts'
import type { ChannelTarget } from './analysis.ts'
import type { Declarations } from './declarations.ts'
import type { Chunk } from './kernel.ts'
import { entriesInTurn, entriesTogether, SideBySide } from './entries-together.ts'
import { type LaneEntries, laneEntries, lanePosition } from './lane-entries.ts'
import { LaneSums } from './lane-sums.ts'
import type { Pass } from './passes.ts'
import { evenlySpaced, heldRows, rowElements, scratchRows } from './row-elements.ts'
import { channelOf, type Copies, EntryScope, type Scratch, type Span } from './scopes.ts'

/** A span, and the first lane that no span before has been. */
interface Place extends Span {
  readonly fresh: Expression | undefined
}

const none: Copies = new Map()

/** Writes the loops of passes: lanes are channels. */
export class PassWriter {
  readonly #declarations: Declarations
  readonly #scratch: Scratch
  readonly #laneEntries: ReadonlyMap<Pass, LaneEntries>
  readonly #laneSums: LaneSums | undefined

  constructor(declarations: Declarations, scratch: Scratch) {
    const { builder, spec } = declarations
    this.#declarations = declarations
    this.#scratch = scratch
    this.#laneEntries = new Map(
      spec.passes.flatMap((pass) => {
        const lanes = laneEntries(builder, spec, pass.channels)
        return lanes ? [[pass, lanes] as const] : []
      }),
    )
    this.#laneSums = scratch.exchange && new LaneSums(declarations, scratch.exchange)
  }

  write(pass: Pass, chunk: Chunk): void {
    if (pass.targets.some(({ kind }) => kind === 'channelSum')) this.#writeSums(pass, chunk)
    else if (chunk.isFirst !== undefined) this.#writeTotals(pass, chunk, chunk.isFirst)
    else this.#writeEach(pass, chunk)
  }

  /** Outputs that every entry has for itself. */
  #writeEach(pass: Pass, chunk: Chunk): void {
    const { builder } = this.#declarations
    const lanes = this.#laneEntries.get(pass)
    if (lanes) {
      this.#overSpans(pass, (place) => {
        const copied = this.#copyRows(pass, chunk, place)
        builder.loop(0, chunk.count, { step: lanes.entries }, (first) => {
          const { position, isThere } = lanePosition(lanes, first, chunk.count)
          this.#store(pass, chunk, position, place, copied, isThere)
        })
      })
      return
    }
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

  #store(pass: Pass, chunk: Chunk, position: Expression, place: Place, copied: Copies, mask?: Expression): Derivatives<Expression> {
    const entry = this.#entryAt(chunk, position)
    const derivatives = this.#derivatives(pass, chunk, position, place, copied, mask)
    for (const [k, target] of pass.targets.entries()) if (target.kind === 'output') this.#storeOutput(target, entry, place, derivatives.of(pass.duals[k] ?? 0), mask)
    return derivatives
  }

  /** The same for several entries side by side. */
  #storeTogether(pass: Pass, chunk: Chunk, positions: readonly Expression[], place: Place): void {
    const { spec } = this.#declarations
    const shared = new Set(rowElements(spec, pass))
    const scopes = positions.map((position) => this.#scope(chunk, position, place, none, undefined))
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
    const lanes = this.#laneEntries.get(pass)
    const isZeroWithout = hasOwnRows(pass, new Set(rowElements(spec, pass)))
    this.#overSpans(pass, (place) => {
      const copied = this.#copyRows(pass, chunk, place)
      // Where entries share the lanes, those of the first one go on with what there is.
      const before = lanes ? spanAt(place.base, lanes.channels) : place
      const initial = builder.branch(
        isFirst,
        () => pass.targets.map(() => zero),
        () => pass.targets.map((target) => this.#loadOutput(target, row, before)),
      )
      const add = (first: Expression, sums: readonly Expression[]) => {
        const own = lanes && lanePosition(lanes, first, chunk.count)
        const derivatives = this.#derivatives(pass, chunk, own?.position ?? first, place, copied, own?.isThere)
        return pass.duals.map((dual, k) => {
          const sum = sums[k] ?? zero
          const total = derivatives.of(dual, sum)
          return own && !isZeroWithout ? own.isThere.select(total, sum) : total
        })
      }
      const step = lanes?.entries ?? 1
      const inTurn = entriesInTurn(spec, pass)
      const carry = initial.map((value) => ({ varying: value }))
      // What several entries read is waited for together.
      const whole = inTurn > 1 ? chunk.count.sub(chunk.count.rem(inTurn * step)) : builder.constant('index', 0)
      const most =
        inTurn > 1
          ? builder.loop(0, whole, { step: inTurn * step, carry }, (first, sums) => {
              let totals: readonly Expression[] = sums
              for (let k = 0; k < inTurn; k++) totals = add(first.add(k * step), totals)
              return totals
            })
          : initial
      const totals = builder.loop(whole, chunk.count, { step, carry: most.map((value) => ({ varying: value })) }, add)
      if (lanes) {
        this.#laneSums?.storeTotals(pass, lanes, totals, row)
        return
      }
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
    const shared = this.#laneEntries.get(pass)
    const whole = this.#wholePlace(pass)
    const copied = channels <= lanes ? this.#copyRows(pass, chunk, whole) : none
    if (shared) {
      builder.loop(0, chunk.count, { step: shared.entries }, (first) => {
        const own = lanePosition(shared, first, chunk.count)
        const derivatives = this.#store(pass, chunk, own.position, whole, copied, own.isThere)
        const values = summed.map(({ target, dual }) => ({ slot: target.number, value: derivatives.of(dual) }))
        this.#laneSums?.storeSums(values, shared, own, sums)
      })
      return
    }
    builder.loop(0, chunk.count, {}, (position) => {
      const step = (place: Place, before: readonly Expression[], isNew?: Expression): readonly Expression[] => {
        const derivatives = this.#store(pass, chunk, position, place, copied)
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
          return step(spanAt(base, active), before)
        })
      else if (channels <= lanes) totals = step(whole, [])
      else {
        const numFull = Math.floor(channels / lanes)
        totals = builder.loop(0, numFull * lanes, { step: lanes, carry }, (base, before) => step(spanAt(base, undefined), before))
        const fresh = (numFull + 1) * lanes - channels
        if (fresh !== lanes) {
          builder.barrier()
          const base = builder.constant('index', channels - lanes)
          totals = step(spanAt(base, undefined), totals, builder.lane().greaterEqual(fresh))
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
    if (channels <= lanes) {
      // Of several groups of spans the first one does it.
      builder.branch(builder.programId(1).equal(0), () => {
        body(this.#wholePlace(pass))
      })
      return
    }
    const perGroup = this.#declarations.parameter({ kind: 'spansPerGroup' }).mul(lanes)
    const first = builder.programId(1).mul(perGroup)
    if (spec.masksTails) {
      builder.loop(first, first.add(perGroup).min(channels), { step: lanes }, (base) => {
        body(spanAt(base, activeAfter(builder, base, channels, lanes)))
        builder.barrier()
      })
      return
    }
    const isFull = channels % lanes === 0
    builder.loop(first, first.add(perGroup).min(channels), { step: lanes }, (start) => {
      const base = isFull ? start : start.min(channels - lanes)
      body({ ...spanAt(base, undefined), fresh: isFull ? undefined : start.sub(base) })
      builder.barrier()
    })
  }

  /** All channels of a pass, where there are no more than lanes. */
  #wholePlace(pass: Pass): Place {
    const { builder, spec } = this.#declarations
    const channel = this.#laneEntries.get(pass)?.channel
    return { base: builder.constant('index', 0), active: channel || pass.channels === spec.lanes ? undefined : pass.channels, channel, fresh: undefined }
  }

  /** Reads what all entries share of a span: into registers, or next to each other. */
  #copyRows(pass: Pass, { run }: Chunk, span: Span): Copies {
    const { builder, spec } = this.#declarations
    const { rows } = this.#scratch
    // Any entry does: what is copied does not depend on it.
    const zeroth = builder.constant('index', 0)
    const any = { entry: zeroth, position: zeroth, row: run.row, span, mask: undefined, scratch: this.#scratch, copied: none }
    const source = new EntryScope(this.#declarations, any)
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

  #derivatives(pass: Pass, chunk: Chunk, position: Expression, span: Span, copied: Copies, mask: Expression | undefined): Derivatives<Expression> {
    return new Derivatives<Expression>(pass.root, this.#scope(chunk, position, span, copied, mask))
  }

  #scope(chunk: Chunk, position: Expression, span: Span, copied: Copies, mask: Expression | undefined): EntryScope {
    const entry = this.#entryAt(chunk, position)
    return new EntryScope(this.#declarations, { entry, position, row: chunk.run.row, span, mask, scratch: this.#scratch, copied })
  }

  #elementOf({ number }: ChannelTarget, row: Expression, span: Span): { memory: Memory; position: Expression; stride: number; active: Span['active']; scattered: Expression } {
    const { form, request } = this.#declarations.spec
    const element = form.outputs[number]
    if (!element) throw new InternalError('a pass for what is no output')
    const start = row.mul(request.polynomial.outputs[element.operand]?.size ?? 0)
    return {
      memory: this.#declarations.output(element.operand),
      position: start.add(span.base).add(element.offset),
      stride: element.stride,
      active: span.active,
      scattered: start.add(channelOf(this.#declarations.builder, span).mul(element.stride)).add(element.offset),
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

/** Whether every term has a factor that belongs to an entry alone: what is read as 0 makes it 0. */
function hasOwnRows({ targets }: Pass, shared: ReadonlySet<number>): boolean {
  return targets.every(({ terms }) => terms.every(({ elements }) => elements.some((element) => !shared.has(element))))
}

/** One entry's channels from a base on. */
function spanAt(base: Expression, active: Span['active']): Place {
  return { base, active, channel: undefined, fresh: undefined }
}

/** Lanes that are channels from a base on; `undefined` for all. */
function activeAfter(builder: KernelBuilder, base: Expression, channels: number, lanes: number): Expression | undefined {
  return channels % lanes === 0 ? undefined : builder.constant('index', channels).sub(base)
}
