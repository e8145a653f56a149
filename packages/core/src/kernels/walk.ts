import type { Block, Instruction, TileRef, ValueId } from './ir.ts'

/** Values that an instruction takes at its own place; not those inside of its blocks. */
export function operandsOf(instruction: Instruction): readonly ValueId[] {
  const operands: ValueId[] = []
  mapOperands(instruction, (id) => {
    operands.push(id)
    return id
  })
  return operands
}

/** Values that an instruction defines for what follows it; not those inside of its blocks. */
export function resultsOf(instruction: Instruction): readonly ValueId[] {
  if (instruction.op === 'loop') return instruction.carried.map(({ result }) => result)
  if (instruction.op === 'branch') return instruction.results.map(({ result }) => result)
  return 'result' in instruction ? [instruction.result] : []
}

/** Whether an instruction does nothing but define values, so that it may be left out where they are not used. */
export function isPure(instruction: Instruction): boolean {
  switch (instruction.op) {
    case 'store':
    case 'storeLanes':
    case 'atomic':
    case 'barrier':
    case 'tileMultiplyAdd':
      return false
    case 'loop':
      return instruction.body.every(isPure)
    case 'branch':
      return [...instruction.then, ...instruction.otherwise].every(isPure)
    default:
      return true
  }
}

/** The instruction with other operands. Blocks, and what is defined or handed on inside of them, stay. */
export function mapOperands(instruction: Instruction, use: (id: ValueId) => ValueId): Instruction {
  const maybe = (id: ValueId | null) => (id === null ? null : use(id))
  const tile = (ref: TileRef): TileRef => ({ ...ref, offset: use(ref.offset) })
  switch (instruction.op) {
    case 'constant':
    case 'parameter':
    case 'programId':
    case 'lane':
    case 'barrier':
      return instruction
    case 'unary':
    case 'convert':
    case 'bitcast':
      return { ...instruction, x: use(instruction.x) }
    case 'binary':
    case 'compare':
      return { ...instruction, a: use(instruction.a), b: use(instruction.b) }
    case 'select':
      return { ...instruction, condition: use(instruction.condition), a: use(instruction.a), b: use(instruction.b) }
    case 'fma':
      return { ...instruction, a: use(instruction.a), b: use(instruction.b), c: use(instruction.c) }
    case 'load':
      return { ...instruction, index: use(instruction.index), mask: maybe(instruction.mask) }
    case 'loadLanes':
      return { ...instruction, base: use(instruction.base), active: maybe(instruction.active) }
    case 'store':
    case 'atomic':
      return { ...instruction, index: use(instruction.index), value: use(instruction.value), mask: maybe(instruction.mask) }
    case 'storeLanes':
      return { ...instruction, base: use(instruction.base), value: use(instruction.value), active: maybe(instruction.active) }
    case 'reduce':
      return { ...instruction, x: use(instruction.x), active: maybe(instruction.active) }
    case 'loop': {
      const { start, end, step } = instruction
      const outer = { start: use(start), end: use(end), step: use(step) }
      return { ...instruction, ...outer, carried: instruction.carried.map((carried) => ({ ...carried, initial: use(carried.initial) })) }
    }
    case 'branch':
      return { ...instruction, condition: use(instruction.condition) }
    case 'tileMultiplyAdd':
      return { ...instruction, target: tile(instruction.target), a: tile(instruction.a), b: tile(instruction.b) }
  }
}

/** Values that end a block of the instruction: they are handed out of it. */
export function handedOut(instruction: Instruction): readonly { readonly block: Block; readonly values: readonly ValueId[] }[] {
  if (instruction.op === 'loop') return [{ block: instruction.body, values: instruction.carried.map(({ next }) => next) }]
  if (instruction.op !== 'branch') return []
  return [
    { block: instruction.then, values: instruction.results.map(({ then }) => then) },
    { block: instruction.otherwise, values: instruction.results.map(({ otherwise }) => otherwise) },
  ]
}
