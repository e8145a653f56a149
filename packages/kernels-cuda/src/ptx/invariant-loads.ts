import type * as kernels from '@equivar/core/kernels'
import { bytesOfMemory, type PtxState } from './state.ts'

type Load = Extract<kernels.Instruction, { readonly op: 'load' | 'loadLanes' }>

/** Registers of a thread for values that it keeps while a loop runs, beside those that it works with. */
const mostKept = 128

/**
 * Loads in the body of a loop that give the same in every turn, if there are more than stay in registers. Of memory that is known
 * not to change the compiler would read all of them before the loop, and then keep them in slower memory.
 */
export function findInvariant(state: PtxState, { body, counter, carried }: kernels.LoopInstruction): readonly Load[] {
  const own = new Set([counter, ...carried.map(({ inside }) => inside), ...body.flatMap((instruction) => resultsOf(instruction))])
  const isOutside = (id: kernels.ValueId | null) => id === null || !own.has(id)
  const found = body.filter((instruction): instruction is Load => {
    if (instruction.op !== 'load' && instruction.op !== 'loadLanes') return false
    const { terms } = state.forms.ofAccess(instruction)
    return isOutside(instruction.op === 'load' ? instruction.mask : instruction.active) && terms.every(({ value }) => isOutside(value))
  })
  const registers = found.reduce((sum, { memory }) => sum + bytesOfMemory(state.kernel, memory) / 4, 0)
  return registers > mostKept ? found : []
}

function resultsOf(instruction: kernels.Instruction): readonly kernels.ValueId[] {
  if (instruction.op === 'loop') return instruction.carried.map(({ result }) => result)
  if (instruction.op === 'branch') return instruction.results.map(({ result }) => result)
  return 'result' in instruction ? [instruction.result] : []
}
