import type * as kernels from '@equivar/core/kernels'
import { loadName, storeName } from './access-names.ts'
import type { Form } from './forms.ts'
import type { Value } from './graph.ts'
import { at, bytesOf, many, one, type Operand, widthOf } from './spread.ts'
import type { Address, EmitterState, Place } from './state.ts'
import { isBeside, storeLane, StridedAccess } from './strided.ts'

type Load = Extract<kernels.Instruction, { readonly op: 'load' }>
type LoadLanes = Extract<kernels.Instruction, { readonly op: 'loadLanes' }>
type Store = Extract<kernels.Instruction, { readonly op: 'store' }>
type StoreLanes = Extract<kernels.Instruction, { readonly op: 'storeLanes' }>

/**
 * Loads and stores. What lies at consecutive addresses moves by whole vectors; lanes at a constant distance move one by one with
 * their addresses in the instructions; other lanes compute theirs. Where a mask is false the address becomes 0, which can be read.
 */
export class Access {
  readonly #state: EmitterState
  readonly #strided: StridedAccess

  constructor(state: EmitterState) {
    this.#state = state
    this.#strided = new StridedAccess(state)
  }

  /** Writes what waits to be stored with what comes beside it. */
  flush(): void {
    this.#strided.flush()
  }

  /** Lets what waits wait on, unless the instruction may touch its memory or stands in the way. */
  before(instruction: kernels.Instruction): void {
    switch (instruction.op) {
      case 'load':
      case 'loadLanes':
      case 'storeLanes':
        if (this.#strided.waitsFor(this.#state.place(instruction.memory).number)) this.flush()
        return
      case 'store':
        if (this.#strided.waitsFor(this.#state.place(instruction.memory).number) && !this.#isStrided(instruction)) this.flush()
        return
      case 'atomic':
      case 'tileMultiplyAdd':
      case 'loop':
      case 'branch':
        this.flush()
        return
      default:
    }
  }

  /** Loads at once what the first instruction and others behind it take from consecutive places in every lane. */
  prepareLoads(instructions: kernels.Block, first: number): void {
    const load = instructions[first]
    if (load?.op !== 'load' || !this.#isStrided(load) || this.#strided.isPrepared(load.result)) return
    const place = this.#state.place(load.memory)
    const form = this.#state.forms.form(load.index)
    const beside = [{ result: load.result, form }]
    for (let k = first + 1; k < instructions.length; k++) {
      const other = instructions[k]
      if (!other || other.op === 'loop' || other.op === 'branch' || other.op === 'tileMultiplyAdd') break
      if (!('memory' in other) || !isSameMemory(other.memory, load.memory)) continue
      if (other.op !== 'load' && other.op !== 'loadLanes') break
      // Its place may be known here because it is the same as the first one but for a constant.
      if (other.op !== 'load' || !this.#isStrided(other)) continue
      const otherForm = this.#state.forms.form(other.index)
      if (isBeside(form, otherForm) && !beside.some((each) => each.form.constant === otherForm.constant)) beside.push({ result: other.result, form: otherForm })
    }
    if (beside.length > 1) this.#strided.prepare(place, beside)
  }

  /** Whether lanes access single elements at a constant distance, all of them. */
  #isStrided({ index, mask }: Load | Store): boolean {
    const isOpen = mask === null || this.#state.known.has(mask)
    if (this.#state.lanes.count < 4 || this.#isOne(index) || !isOpen) return false
    const form = this.#state.forms.form(index)
    return this.isRegular(form) && form.laneStride !== 0 && form.laneStride !== 1
  }

  /** Whether all that an index is made of is the same in all lanes, but for a multiple of the lane. */
  isRegular({ terms }: Form): boolean {
    return this.#state.lanes.isSingle || [...terms.keys()].every((id) => this.#state.type(id).uniformity === 'uniform')
  }

  loadLanes({ memory, base, active }: LoadLanes): Operand {
    const place = this.#state.place(memory)
    const form = this.#state.forms.form(base)
    const count = this.#openCount(active)
    if (this.#state.lanes.isSingle) return this.#loadOne(place, form, count && this.#isPositive(count))
    if (count === null) return this.#loadVectors(place, form)
    const { graph } = this.#state
    const width = widthOf(place.scalar)
    const masks = this.#state.lanesBelow(count, width)
    const { base: address } = this.#state.address(place, form, { isFolded: false })
    const parts = masks.map((mask, part) => {
      const isSome = graph.op('i32_lt_s', [graph.i32(part * width), count])
      const safe = graph.op('i32_and', [address, graph.op('i32_sub', [graph.i32(0), isSome])])
      return graph.op('v128_and', [graph.load('v128_load', place.number, [safe], { offset: 16 * part }), mask])
    })
    return many(place.scalar, parts)
  }

  load({ result, memory, index, mask }: Load): Operand {
    const { lanes, graph } = this.#state
    const place = this.#state.place(memory)
    const form = this.#state.forms.form(index)
    const condition = this.#openMask(mask)
    if (condition?.kind !== 'many' && this.#isOne(index)) return this.#loadOne(place, form, condition?.value ?? null)
    if (condition === null && this.isRegular(form)) {
      if (form.laneStride === 1) return this.#loadVectors(place, form)
      const prepared = this.#strided.take(result)
      if (prepared) return prepared
      return this.#loadStrided(place, form)
    }
    const masks = condition && lanes.parts(condition, 4)
    const addresses = this.#addresses(place, index).map((vector, part) => (masks ? graph.op('v128_and', [vector, at(masks, part)]) : vector))
    const width = widthOf(place.scalar)
    const parts = Array.from({ length: lanes.partsOf(width) }, (_, part) =>
      this.#gather(place, part, (lane) => ({ base: lanes.extract('i32', at(addresses, lane >> 2), lane & 3), offset: 0 })),
    )
    if (!condition) return many(place.scalar, parts)
    return many(place.scalar, lanes.map('v128_and', [parts, lanes.parts(condition, width)]))
  }

  storeLanes({ memory, base, value, active }: StoreLanes): void {
    const place = this.#state.place(memory)
    const form = this.#state.forms.form(base)
    const count = this.#openCount(active)
    const operand = this.#state.use(value)
    const { lanes, graph } = this.#state
    if (lanes.isSingle) {
      this.#when(count && this.#isPositive(count), () => this.#storeOne(place, form, lanes.number(operand)))
      return
    }
    const width = widthOf(place.scalar)
    const { base: address, offset } = this.#state.address(place, form)
    for (const [part, vector] of lanes.parts(operand).entries()) {
      const [first, end] = [part * width, Math.min(lanes.count, (part + 1) * width)]
      const whole = () => {
        if (end - first === width) graph.store('v128_store', place.number, [address, vector], { offset: offset + 16 * part }, part)
        else for (let lane = first; lane < end; lane++) storeLane(this.#state, place, vector, lane, address, offset + lane * bytesOf(place.scalar))
      }
      if (count === null) whole()
      else
        graph.branch(
          graph.op('i32_le_s', [graph.i32(end), count]),
          () => {
            whole()
            return []
          },
          () => {
            for (let lane = first; lane < end - 1; lane++)
              this.#when(graph.op('i32_lt_s', [graph.i32(lane), count]), () => storeLane(this.#state, place, vector, lane, address, offset + lane * bytesOf(place.scalar)))
            return []
          },
        )
    }
  }

  store({ memory, index, value, mask }: Store): void {
    const { lanes } = this.#state
    const place = this.#state.place(memory)
    const form = this.#state.forms.form(index)
    const condition = this.#openMask(mask)
    const operand = this.#state.use(value)
    if (condition?.kind !== 'many' && this.#isOne(index)) {
      this.#when(condition?.value ?? null, () => this.#storeOne(place, form, lanes.number(operand)))
      return
    }
    const vectors = lanes.parts(operand)
    if (condition === null && this.isRegular(form) && form.laneStride === 1 && lanes.count % widthOf(place.scalar) === 0) {
      const { base, offset } = this.#state.address(place, form)
      vectors.forEach((vector, part) => this.#state.graph.store('v128_store', place.number, [base, vector], { offset: offset + 16 * part }, part))
      return
    }
    if (this.#isStrided({ op: 'store', memory, index, value, mask })) {
      this.#strided.store(place, form, vectors)
      return
    }
    const width = widthOf(place.scalar)
    for (let lane = 0; lane < lanes.count; lane++)
      this.#when(condition && (condition.kind === 'one' ? condition.value : lanes.ofLane(condition, lane)), () => {
        const { base, offset } = this.addressOfLane(place, index, lane, condition === null)
        storeLane(this.#state, place, at(vectors, Math.floor(lane / width)), lane, base, offset)
      })
  }

  /** Where one lane's element is; `isAlways` where the lane surely accesses it. */
  addressOfLane(place: Place, index: kernels.ValueId, lane: number, isAlways: boolean): Omit<Address, 'isSure'> {
    const { lanes, forms } = this.#state
    const form = forms.form(index)
    if (!this.isRegular(form)) return { base: lanes.extract('i32', at(this.#addresses(place, index), lane >> 2), lane & 3), offset: 0 }
    const start = this.#state.address(place, form)
    return this.#shifted(start, form.laneStride * lane * bytesOf(place.scalar), start.isSure || isAlways)
  }

  /** The mask of an instruction, unless it is known to be true. */
  #openMask(mask: kernels.ValueId | null): Operand | null {
    return mask === null || this.#state.known.has(mask) ? null : this.#state.use(mask)
  }

  #openCount(active: kernels.ValueId | null): Value | null {
    return active === null || this.#state.known.has(active) ? null : this.#state.lanes.number(this.#state.use(active))
  }

  #isPositive(count: Value): Value {
    return this.#state.graph.op('i32_lt_s', [this.#state.graph.i32(0), count])
  }

  #isOne(index: kernels.ValueId): boolean {
    return this.#state.lanes.isSingle || this.#state.type(index).uniformity === 'uniform'
  }

  #when(condition: Value | null, run: () => void): void {
    if (condition === null) run()
    else
      this.#state.graph.branch(condition, () => {
        run()
        return []
      })
  }

  #loadOne(place: Place, form: Form, condition: Value | null): Operand {
    const { graph, lanes } = this.#state
    const { scalar, number } = place
    const name = loadName(scalar)
    if (condition === null) {
      const { base, offset } = this.#state.address(place, form)
      return one(scalar, graph.load(name, number, [base], { offset }))
    }
    const { base } = this.#state.address(place, form, { isFolded: false })
    const safe = graph.op('i32_and', [base, graph.op('i32_sub', [graph.i32(0), graph.op('i32_ne', [condition, graph.i32(0)])])])
    return one(scalar, graph.select(condition, graph.load(name, number, [safe], {}), lanes.constant(scalar, 0)))
  }

  #storeOne(place: Place, form: Form, value: Value): void {
    const { base, offset } = this.#state.address(place, form)
    this.#state.graph.store(storeName(place.scalar), place.number, [base, value], { offset })
  }

  #loadVectors(place: Place, form: Form): Operand {
    const { base, offset } = this.#state.address(place, form)
    const count = this.#state.lanes.partsOf(widthOf(place.scalar))
    return many(place.scalar, Array.from({ length: count }, (_, part) => this.#state.graph.load('v128_load', place.number, [base], { offset: offset + 16 * part })))
  }

  #loadStrided(place: Place, form: Form): Operand {
    const start = this.#state.address(place, form)
    const stride = form.laneStride * bytesOf(place.scalar)
    const count = this.#state.lanes.partsOf(widthOf(place.scalar))
    return many(place.scalar, Array.from({ length: count }, (_, part) => this.#gather(place, part, (lane) => this.#shifted(start, stride * lane, true))))
  }

  /** An address with more, or less, added to it. */
  #shifted({ base, offset }: Omit<Address, 'isSure'>, by: number, isSure: boolean): Omit<Address, 'isSure'> {
    const { graph } = this.#state
    if (isSure && by >= 0) return { base, offset: offset + by }
    return { base: graph.op('i32_add', [base, graph.i32(offset + by)]), offset: 0 }
  }

  /** One vector from single elements. */
  #gather({ scalar, number }: Place, part: number, addressOf: (lane: number) => Omit<Address, 'isSure'>): Value {
    const { graph, lanes } = this.#state
    const width = widthOf(scalar)
    const first = part * width
    const start = addressOf(first)
    let vector = graph.load(scalar === 'f64' ? 'v128_load64_zero' : 'v128_load32_zero', number, [start.base], { offset: start.offset })
    for (let lane = first + 1; lane < Math.min(lanes.count, first + width); lane++) {
      const { base, offset } = addressOf(lane)
      vector = graph.load(scalar === 'f64' ? 'v128_load64_lane' : 'v128_load32_lane', number, [base, vector], { offset, lane: lane - first })
    }
    return vector
  }

  /** Byte addresses of all lanes. */
  #addresses(place: Place, index: kernels.ValueId): readonly Value[] {
    const { graph, lanes } = this.#state
    const start = lanes.splat('i32', place.address)
    const shift = graph.i32(Math.log2(bytesOf(place.scalar)))
    return lanes.parts(this.#state.use(index)).map((vector) => graph.op('i32x4_add', [graph.op('i32x4_shl', [vector, shift]), start]))
  }
}

function isSameMemory(a: kernels.MemoryRef, b: kernels.MemoryRef): boolean {
  return a.space === b.space && a.slot === b.slot
}
