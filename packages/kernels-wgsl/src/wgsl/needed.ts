import type * as kernels from '@equivar/core/kernels'
import { instructionsOf, operandsOf } from './walk.ts'
import type { Together } from './widths.ts'

type Instruction = kernels.Instruction

/** Of accesses that are made together, the one whose place and limit are used, by each of them. */
function leadersOf(together: Iterable<Together>): ReadonlyMap<Instruction, Instruction> {
  const leaders = new Map<Instruction, Instruction>()
  for (const { loads, stores } of together) {
    for (const [leader, run] of loads.groups) for (const load of run) leaders.set(load, leader)
    for (const run of stores.groups.values()) for (const store of run) leaders.set(store, run.at(-1) ?? store)
  }
  return leaders
}

/**
 * Whether the text has to have an instruction: it does something, or its value is used. The places of elements that are part of a vector, but
 * for one, are not.
 */
export function neededOf(
  kernel: kernels.Kernel,
  forms: kernels.IndexForms,
  together: ReadonlyMap<kernels.Block, Together>,
): (instruction: Instruction) => boolean {
  const leaders = leadersOf(together.values())
  const sums = new Set([...together.values()].flatMap((own) => [...own.sums.done]))
  const firsts = new Set<Instruction>([...together.values()].flatMap((own) => [...own.sums.batches.values()].map(({ first }) => first)))
  const used = new Set<kernels.ValueId>()
  const usesOf = (instruction: Instruction): readonly kernels.ValueId[] => {
    if (sums.has(instruction)) return instruction.op === 'reduce' ? [instruction.x] : instruction.op === 'store' && firsts.has(instruction) ? [instruction.index] : []
    const leader = leaders.get(instruction) ?? instruction
    if (leader === instruction) return operandsOf(instruction)
    return [...operandsOf(leader), ...(instruction.op === 'store' || instruction.op === 'storeLanes' ? [instruction.value] : [])]
  }
  const visit = (start: Instruction) => {
    for (let open = [start]; open.length > 0; ) {
      const next: Instruction[] = []
      for (const instruction of open)
        for (const id of usesOf(instruction)) {
          if (used.has(id)) continue
          used.add(id)
          const definition = forms.definition(id)
          if (definition) next.push(definition)
        }
      open = next
    }
  }
  for (const instruction of instructionsOf(kernel.body)) if (!isPure(instruction)) visit(instruction)
  return (instruction) => !isPure(instruction) || used.has(instruction.result)
}

type Pure = Extract<Instruction, { readonly op: 'constant' | 'parameter' | 'programId' | 'lane' | 'unary' | 'binary' | 'compare' | 'select' | 'fma' | 'convert' | 'bitcast' | 'load' | 'loadLanes' }>

function isPure(instruction: Instruction): instruction is Pure {
  switch (instruction.op) {
    case 'constant':
    case 'parameter':
    case 'programId':
    case 'lane':
    case 'unary':
    case 'binary':
    case 'compare':
    case 'select':
    case 'fma':
    case 'convert':
    case 'bitcast':
    case 'load':
    case 'loadLanes':
      return true
    default:
      return false
  }
}
