import { InternalError } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { binary, bitcast, compare, convert, fma, placeText, select, unary } from './arithmetic.ts'
import { isUniform } from './group.ts'
import { typeName } from './literals.ts'
import { type MemoryPrinter, uniformWord } from './memory.ts'
import { reduce } from './reduce.ts'
import { neededOf } from './needed.ts'
import type { PrinterState } from './state.ts'
import { sumTogether } from './sum-batch.ts'
import { multiplyTiles } from './tile.ts'
import { placesOf } from './places.ts'
import type { Uniformity } from './uniformity.ts'
import type { Together } from './widths.ts'

type Of<Op extends kernels.Instruction['op']> = Extract<kernels.Instruction, { readonly op: Op }>

/** Prints the instructions of a kernel, one or more statements each. */
export class BodyPrinter {
  readonly #state: PrinterState
  readonly #memory: MemoryPrinter
  readonly #uniformity: Uniformity
  readonly #together: ReadonlyMap<kernels.Block, Together>
  readonly #isNeeded: (instruction: kernels.Instruction) => boolean
  readonly #places: ReadonlySet<kernels.ValueId>

  constructor(state: PrinterState, memory: MemoryPrinter, uniformity: Uniformity, together: ReadonlyMap<kernels.Block, Together>) {
    this.#state = state
    this.#memory = memory
    this.#uniformity = uniformity
    this.#together = together
    this.#isNeeded = neededOf(state.kernel, state.forms, together)
    this.#places = placesOf(state.kernel)
  }

  block(block: kernels.Block): void {
    const together = this.#together.get(block)
    for (const instruction of block) {
      if (!this.#isPrinted(instruction, together)) continue
      const loads = together?.loads.groups.get(instruction)
      const stores = together?.stores.groups.get(instruction)
      const sums = together?.sums.batches.get(instruction)
      if (loads) this.#memory.load(loads)
      else if (sums) sumTogether(this.#state, this.#memory, sums)
      else if (stores) this.#memory.store(stores)
      else if (![together?.loads.done, together?.stores.done, together?.sums.done].some((done) => done?.has(instruction))) this.#instruction(instruction)
    }
  }

  #isPrinted(instruction: kernels.Instruction, together: Together | undefined): boolean {
    const loads = together?.loads.groups.get(instruction) ?? [instruction]
    return loads.some((load) => this.#isNeeded(load))
  }

  #instruction(instruction: kernels.Instruction): void {
    const state = this.#state
    switch (instruction.op) {
      case 'constant':
        state.constant(instruction.result, instruction.value)
        break
      case 'parameter':
        this.#parameter(instruction)
        break
      case 'programId':
        this.#programId(instruction)
        break
      case 'lane':
        if (state.group.lanes === 1) state.constant(instruction.result, 0)
        else state.name(instruction.result, 'lane')
        break
      case 'unary':
        unary(state, instruction)
        break
      case 'binary':
        if (this.#places.has(instruction.result)) placeText(state, instruction)
        else binary(state, instruction)
        break
      case 'compare':
        compare(state, instruction)
        break
      case 'select':
        select(state, instruction)
        break
      case 'fma':
        fma(state, instruction)
        break
      case 'convert':
        convert(state, instruction)
        break
      case 'bitcast':
        bitcast(state, instruction)
        break
      case 'load':
      case 'loadLanes':
        this.#memory.load([instruction])
        break
      case 'store':
      case 'storeLanes':
        this.#memory.store([instruction])
        break
      case 'atomic':
        this.#memory.atomic(instruction)
        break
      case 'reduce':
        reduce(state, instruction)
        break
      case 'barrier':
        this.#memory.barrier()
        break
      case 'tileMultiplyAdd':
        multiplyTiles(state, this.#memory, instruction)
        break
      case 'loop':
        this.#loop(instruction)
        break
      case 'branch':
        this.#branch(instruction)
        break
    }
  }

  #parameter({ parameter, result }: Of<'parameter'>): void {
    const word = uniformWord(this.#state.layout.parameters[parameter])
    const type = typeName(this.#state.scalar(result))
    this.#state.define(result, type === 'u32' ? word : `bitcast<${type}>(${word})`)
  }

  /** The first axis changes fastest from one program to the next. */
  #programId({ axis, result }: Of<'programId'>): void {
    const { kernel, layout } = this.#state
    if (kernel.gridRank === 1) {
      this.#state.name(result, 'program')
      return
    }
    const extents = layout.grid.slice(0, axis).map((word) => uniformWord(word))
    const before = extents.length === 0 ? 'u32(program)' : `u32(program) / ${extents.length === 1 ? (extents[0] ?? '') : `(${extents.join(' * ')})`}`
    const own = layout.grid[axis]
    this.#state.define(result, own === undefined ? `i32(${before})` : `i32(${before} % ${uniformWord(own)})`)
  }

  #loop(instruction: kernels.LoopInstruction): void {
    const state = this.#state
    const { counter, carried, body } = instruction
    const [start, end, step] = [instruction.start, instruction.end, instruction.step].map((id) => this.#decider(instruction, id))
    const names = carried.map(({ inside, initial }) => state.declare(inside, state.use(initial)))
    const i = `v${counter}`
    state.name(counter, i)
    state.block(`for (var ${i} = ${start ?? ''}; ${i} < ${end ?? ''}; ${i} += ${step ?? ''})`, () => {
      this.block(body)
      const moved = carried.flatMap(({ next, inside }, k) => (state.use(next) === state.use(inside) ? [] : [{ to: names[k] ?? '', from: state.use(next) }]))
      // What is handed on may be what another value was before.
      const targets = new Set(moved.map(({ to }) => to))
      const sources = moved.map(({ from }) => {
        if (!targets.has(from)) return from
        const copy = state.temporary()
        state.line(`let ${copy} = ${from};`)
        return copy
      })
      for (const [k, { to }] of moved.entries()) state.line(`${to} = ${sources[k] ?? ''};`)
    })
    for (const [k, { result }] of carried.entries()) state.name(result, names[k] ?? '')
  }

  #branch(instruction: kernels.BranchInstruction): void {
    const state = this.#state
    const { then, otherwise, results } = instruction
    const condition = this.#decider(instruction, instruction.condition)
    const names = results.map(({ result }) => state.declare(result))
    const side = (block: kernels.Block, pick: (result: (typeof results)[number]) => kernels.ValueId) => () => {
      this.block(block)
      for (const [k, result] of results.entries()) state.line(`${names[k] ?? ''} = ${state.use(pick(result))};`)
    }
    state.block(`if (${condition})`, side(then, (result) => result.then))
    if (otherwise.length > 0 || results.length > 0) state.block('else', side(otherwise, (result) => result.otherwise))
  }

  /** A value that decides which way lanes go; through workgroup memory where WGSL would not believe that they go together. */
  #decider(instruction: kernels.Instruction, id: kernels.ValueId): string {
    const state = this.#state
    const value = state.use(id)
    if (!this.#uniformity.isDoubtful(instruction, id)) return value
    if (!isUniform(state.kernel, id)) throw new InternalError(`kernel '${state.kernel.name}': lanes would go different ways`)
    const type = state.scalar(id) === 'bool' ? 'u32' : typeName(state.scalar(id))
    const pass = state.workgroupVariable(`pass_${type}`, type)
    const name = state.temporary()
    state.block('if (lane == 0)', () => {
      state.line(`${pass} = ${type === 'u32' && state.scalar(id) === 'bool' ? `u32(${value})` : value};`)
    })
    state.line(`let ${name} = workgroupUniformLoad(&${pass})${state.scalar(id) === 'bool' ? ' != 0u' : ''};`)
    return name
  }
}
