import type * as kernels from '@equivar/core/kernels'

/** All instructions, those of inner blocks included, outer ones first. */
export function* instructionsOf(block: kernels.Block): Generator<kernels.Instruction, void> {
  for (const instruction of block) {
    yield instruction
    for (const inner of blocksOf(instruction)) yield* instructionsOf(inner)
  }
}

export function blocksOf(instruction: kernels.Instruction): readonly kernels.Block[] {
  if (instruction.op === 'loop') return [instruction.body]
  return instruction.op === 'branch' ? [instruction.then, instruction.otherwise] : []
}

/** Every value that is used by an instruction or handed on by a loop or branch. */
export function usedValues(block: kernels.Block): ReadonlySet<kernels.ValueId> {
  return new Set(usesOf(block).keys())
}

/** How often each value is used. */
export function usesOf(block: kernels.Block): ReadonlyMap<kernels.ValueId, number> {
  const uses = new Map<kernels.ValueId, number>()
  for (const instruction of instructionsOf(block)) for (const id of operandsOf(instruction)) uses.set(id, (uses.get(id) ?? 0) + 1)
  return uses
}

/** Values that an instruction takes, those that its blocks hand out included. */
export function operandsOf(instruction: kernels.Instruction): readonly kernels.ValueId[] {
  const some = (...ids: (kernels.ValueId | null)[]) => ids.filter((id) => id !== null)
  switch (instruction.op) {
    case 'constant':
    case 'parameter':
    case 'programId':
    case 'lane':
    case 'barrier':
      return []
    case 'unary':
    case 'convert':
    case 'bitcast':
      return [instruction.x]
    case 'binary':
    case 'compare':
      return [instruction.a, instruction.b]
    case 'select':
      return [instruction.condition, instruction.a, instruction.b]
    case 'fma':
      return [instruction.a, instruction.b, instruction.c]
    case 'load':
      return some(instruction.index, instruction.mask)
    case 'loadLanes':
      return some(instruction.base, instruction.active)
    case 'store':
    case 'atomic':
      return some(instruction.index, instruction.value, instruction.mask)
    case 'storeLanes':
      return some(instruction.base, instruction.value, instruction.active)
    case 'reduce':
      return some(instruction.x, instruction.active)
    case 'loop':
      return [instruction.start, instruction.end, instruction.step, ...instruction.carried.flatMap(({ initial, next }) => [initial, next])]
    case 'branch':
      return [instruction.condition, ...instruction.results.flatMap(({ then, otherwise }) => [then, otherwise])]
    case 'tileMultiplyAdd':
      return [instruction.target.offset, instruction.a.offset, instruction.b.offset]
  }
}
