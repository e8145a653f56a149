import type * as kernels from '@equivar/core/kernels'
import { atLane } from './forms.ts'
import type { Value } from './graph.ts'
import type { Operand } from './spread.ts'
import type { EmitterState } from './state.ts'

type Id = kernels.ValueId

/** Numbers of active lanes, and masks that vary, which instructions of a block ask for, also inside of its loops and branches. */
export function guardsOf(state: EmitterState, block: kernels.Block): ReadonlySet<Id> {
  const guards = new Set<Id>()
  const visit = (instruction: kernels.Instruction): void => {
    switch (instruction.op) {
      case 'loadLanes':
      case 'storeLanes':
      case 'reduce':
        if (instruction.active !== null) guards.add(instruction.active)
        return
      case 'load':
      case 'store':
        if (instruction.mask !== null && state.type(instruction.mask).uniformity === 'varying') guards.add(instruction.mask)
        return
      case 'loop':
        instruction.body.forEach(visit)
        return
      case 'branch':
        instruction.then.forEach(visit)
        instruction.otherwise.forEach(visit)
        return
      default:
    }
  }
  block.forEach(visit)
  return guards
}

/** Number of instructions, those inside of loops and branches included. */
export function sizeOf(block: kernels.Block): number {
  return block.reduce((size, instruction) => {
    if (instruction.op === 'loop') return size + 1 + sizeOf(instruction.body)
    return size + 1 + (instruction.op === 'branch' ? sizeOf(instruction.then) + sizeOf(instruction.otherwise) : 0)
  }, 0)
}

/** Finds out, before the lanes are touched, whether all of them take part. */
export class Guards {
  readonly #state: EmitterState
  readonly #compute: (instruction: kernels.Instruction) => void

  /** `compute` makes the code of an instruction that is pure and whose operands have code. */
  constructor(state: EmitterState, compute: (instruction: kernels.Instruction) => void) {
    this.#state = state
    this.#compute = compute
  }

  /** Whether a guard lets all lanes pass, as 0 or 1; `undefined` where it cannot be told here. */
  isOpen(guard: Id): Value | undefined {
    const { graph, lanes, kernel } = this.#state
    if (this.#state.type(guard).scalar === 'bool') return this.#isMaskOpen(guard)
    const count = this.#number(guard)
    return count && graph.op('i32_le_s', [graph.i32(kernel.lanes), lanes.number(count)])
  }

  #isMaskOpen(mask: Id): Value | undefined {
    const { graph, lanes, forms } = this.#state
    const instruction = forms.definition(mask)
    if (instruction?.op === 'binary' && instruction.operator === 'and') {
      const [a, b] = [this.#isMaskOpen(instruction.a), this.#isMaskOpen(instruction.b)]
      return a && b && graph.op('i32_and', [a, b])
    }
    if (this.#state.type(mask).uniformity === 'uniform') {
      const value = this.#number(mask)
      return value && lanes.number(value)
    }
    if (instruction?.op !== 'compare' || this.#state.type(instruction.a).scalar !== 'index') return undefined
    const { operator } = instruction
    if (operator !== 'less' && operator !== 'lessEqual') return undefined
    const [a, b] = [forms.form(instruction.a), forms.form(instruction.b)]
    if (![...a.terms.keys(), ...b.terms.keys()].every((id) => this.#number(id) !== undefined)) return undefined
    // The lane for which it is hardest.
    const lane = a.laneStride > b.laneStride ? this.#state.kernel.lanes - 1 : 0
    const [left, right] = [this.#state.number(atLane(a, lane)), this.#state.number(atLane(b, lane))]
    return graph.op(operator === 'less' ? 'i32_lt_s' : 'i32_le_s', [left, right])
  }

  /** A uniform number that can be computed here, because it depends on what is there already. */
  #number(id: Id): Operand | undefined {
    const known = this.#state.values.get(id)
    if (known) return known.kind === 'one' ? known : undefined
    const instruction = this.#state.forms.definition(id)
    if (!instruction || this.#state.type(id).uniformity === 'varying') return undefined
    const operands = operandsOf(instruction)
    if (!operands?.every((operand) => this.#number(operand) !== undefined)) return undefined
    this.#compute(instruction)
    return this.#state.values.get(id)
  }
}

/** What a pure instruction on numbers takes; `undefined` for others. */
function operandsOf(instruction: kernels.Instruction): readonly Id[] | undefined {
  switch (instruction.op) {
    case 'constant':
    case 'parameter':
    case 'programId':
      return []
    case 'unary':
    case 'convert':
      return [instruction.x]
    case 'binary':
    case 'compare':
      return [instruction.a, instruction.b]
    case 'select':
      return [instruction.condition, instruction.a, instruction.b]
    default:
      return undefined
  }
}
