import { InternalError } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { Access } from './access.ts'
import { binary, compare, multiplyAdd, select, unary } from './arithmetic.ts'
import { atomic } from './atomics.ts'
import { bitcast, convert } from './convert.ts'
import { constantOf, type Value } from './graph.ts'
import { Guards, guardsOf, sizeOf } from './guards.ts'
import type { Helpers } from './helpers.ts'
import { reduce } from './reduce.ts'
import { at, many, one, type Operand, type Width, widthOf } from './spread.ts'
import type { EmitterState } from './state.ts'
import { multiplyTiles } from './tile.ts'

/** Blocks up to this number of instructions are written twice: for programs with all lanes, and for the others. */
const [largestDouble, largestInnerDouble] = [4000, 400]

/** Makes the code of a program, instruction by instruction. */
export class Body {
  readonly #state: EmitterState
  readonly #helpers: Helpers
  readonly #access: Access
  readonly #guards: Guards
  readonly #position: readonly Value[]
  /** Whether code is written for programs that lack lanes. */
  #isPartial = false

  constructor(state: EmitterState, helpers: Helpers, position: readonly Value[]) {
    this.#state = state
    this.#helpers = helpers
    this.#access = new Access(state)
    this.#guards = new Guards(state, (instruction) => this.#instruction(instruction))
    this.#position = position
  }

  run(): void {
    this.#block(this.#state.kernel.body, 0, () => [])
  }

  /** A block from an instruction on; `finish` gives what it hands out. */
  #block(block: kernels.Block, depth: number, finish: () => readonly Value[]): readonly Value[] {
    const index = block.findIndex((instruction) => guardsOf(this.#state, [instruction]).size > 0)
    const free = index < 0 ? block : block.slice(0, index)
    this.#sequence(free)
    return index < 0 ? finish() : this.#double(block.slice(index), depth, finish)
  }

  #sequence(instructions: kernels.Block): void {
    for (const [index, instruction] of instructions.entries()) {
      this.#access.before(instruction)
      this.#access.prepareLoads(instructions, index)
      this.#instruction(instruction)
    }
    this.#access.flush()
  }

  /** Writes instructions for all lanes and, where it cannot be known now that there are all, also for some of them. */
  #double(block: kernels.Block, depth: number, finish: () => readonly Value[]): readonly Value[] {
    const { graph, known } = this.#state
    const plain = () => {
      this.#sequence(block)
      return finish()
    }
    const guards = [...guardsOf(this.#state, block)].filter((guard) => !known.has(guard))
    if (guards.length === 0) return plain()
    const tests = guards.map((guard) => ({ guard, isOpen: this.#guards.isOpen(guard) }))
    for (const { guard, isOpen } of tests) if (isOpen && constantOf(isOpen) === 1) known.add(guard)
    const open = tests.filter(({ isOpen }) => isOpen && constantOf(isOpen) === undefined)
    const isSmall = sizeOf(block) <= (depth === 0 ? largestDouble : largestInnerDouble)
    if (open.length === 0 || !isSmall || this.#isPartial) return plain()
    const all = open.map(({ isOpen }) => isOpen).filter((isOpen) => isOpen !== undefined)
    const condition = all.reduce((total, isOpen) => graph.op('i32_and', [total, isOpen]))
    const before = new Map(this.#state.values)
    const side = (isPartial: boolean) => () => {
      const [wasPartial, added] = [this.#isPartial, open.map(({ guard }) => guard)]
      this.#isPartial = isPartial
      if (!isPartial) for (const guard of added) known.add(guard)
      const handed = plain()
      for (const guard of added) known.delete(guard)
      this.#isPartial = wasPartial
      this.#state.values.clear()
      for (const [id, value] of before) this.#state.values.set(id, value)
      return handed
    }
    return graph.branch(condition, side(false), side(true))
  }

  #instruction(instruction: kernels.Instruction): void {
    const state = this.#state
    const { lanes, graph, values } = state
    const use = (id: kernels.ValueId) => state.use(id)
    const isRelaxed = state.options.relaxedMultiplyAdd
    switch (instruction.op) {
      case 'constant': {
        const { scalar } = state.type(instruction.result)
        values.set(instruction.result, one(scalar, lanes.constant(scalar, instruction.value)))
        return
      }
      case 'parameter':
        values.set(instruction.result, one(state.type(instruction.result).scalar, state.parameter(instruction.parameter)))
        return
      case 'programId':
        values.set(instruction.result, one('index', at(this.#position, instruction.axis)))
        return
      case 'lane':
        values.set(instruction.result, state.laneNumbers())
        return
      case 'unary':
        values.set(instruction.result, unary(lanes, instruction.operator, use(instruction.x)))
        return
      case 'binary':
        values.set(instruction.result, binary(lanes, instruction.operator, use(instruction.a), use(instruction.b)))
        return
      case 'compare':
        values.set(instruction.result, compare(lanes, instruction.operator, use(instruction.a), use(instruction.b)))
        return
      case 'select':
        values.set(instruction.result, select(lanes, use(instruction.condition), use(instruction.a), use(instruction.b)))
        return
      case 'fma':
        values.set(instruction.result, multiplyAdd(lanes, isRelaxed, use(instruction.a), use(instruction.b), use(instruction.c)))
        return
      case 'convert':
        values.set(instruction.result, convert(lanes, use(instruction.x), state.type(instruction.result).scalar))
        return
      case 'bitcast':
        values.set(instruction.result, bitcast(lanes, use(instruction.x), state.type(instruction.result).scalar))
        return
      case 'load':
        values.set(instruction.result, this.#access.load(instruction))
        return
      case 'loadLanes':
        values.set(instruction.result, this.#access.loadLanes(instruction))
        return
      case 'store':
        this.#access.store(instruction)
        return
      case 'storeLanes':
        this.#access.storeLanes(instruction)
        return
      case 'atomic':
        values.set(instruction.result, atomic(state, this.#access, this.#helpers, instruction))
        return
      case 'reduce':
        values.set(instruction.result, reduce(state, instruction))
        return
      case 'barrier':
        // One thread runs all lanes, an instruction at a time.
        return
      case 'tileMultiplyAdd':
        multiplyTiles(state, instruction)
        return
      case 'loop':
        this.#loop(instruction)
        return
      case 'branch': {
        const handed = (side: 'then' | 'otherwise') => () =>
          this.#block(instruction[side], 1, () => instruction.results.flatMap((result) => this.#spread(use(result[side]), result.result)))
        const results = graph.branch(lanes.number(use(instruction.condition)), handed('then'), handed('otherwise'))
        this.#receive(instruction.results.map(({ result }) => result), results)
      }
    }
  }

  #loop({ counter, start, end, step, carried, body }: kernels.LoopInstruction): void {
    const { graph, lanes, values } = this.#state
    const [first, last, stride] = [start, end, step].map((id) => lanes.number(this.#state.use(id)))
    if (!first || !last || !stride) throw new InternalError('a loop has bounds')
    const guard = graph.op('i32_lt_s', [first, last])
    if (constantOf(guard) === 0) {
      for (const { initial, result } of carried) this.#receive([result], this.#spread(this.#state.use(initial), result))
      return
    }
    const [, ...results] = graph.loop({
      initial: [first, ...carried.flatMap(({ initial, inside }) => this.#spread(this.#state.use(initial), inside))],
      guard: constantOf(guard) === 1 ? null : guard,
      body: ([index, ...inside]) => {
        if (!index) throw new InternalError('a loop has a counter')
        values.set(counter, one('index', index))
        this.#receive(carried.map((each) => each.inside), inside)
        const next = this.#block(body, 1, () => carried.flatMap((each) => this.#spread(this.#state.use(each.next), each.inside)))
        const following = graph.op('i32_add', [index, stride])
        return { next: [following, ...next], condition: graph.op('i32_lt_s', [following, last]) }
      },
    })
    this.#receive(carried.map(({ result }) => result), results)
  }

  /** The values that make up an operand, as one of the type of a value that it is handed to. */
  #spread(operand: Operand, to: kernels.ValueId): readonly Value[] {
    const width = this.#widthOf(to)
    return width === null ? [this.#state.lanes.number(operand)] : this.#state.lanes.parts(operand, width)
  }

  /** Operands again from what was handed on. */
  #receive(ids: readonly kernels.ValueId[], handed: readonly Value[]): void {
    let taken = 0
    for (const id of ids) {
      const { scalar } = this.#state.type(id)
      const width = this.#widthOf(id)
      const count = width === null ? 1 : this.#state.lanes.partsOf(width)
      const own = handed.slice(taken, taken + count)
      this.#state.values.set(id, width === null ? one(scalar, at(own, 0)) : many(scalar, own, width))
      taken += count
    }
  }

  /** `null` for single numbers. */
  #widthOf(id: kernels.ValueId): Width | null {
    const { scalar, uniformity } = this.#state.type(id)
    return uniformity === 'uniform' || this.#state.lanes.isSingle ? null : widthOf(scalar)
  }
}
