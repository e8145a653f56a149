import type { kernels } from '@equivar/core'
import { formOf } from './access.ts'
import { formKey } from './forms.ts'
import type { PtxState } from './state.ts'
import { type Candidate, findRuns } from './vectors.ts'

type Store = Extract<kernels.Instruction, { readonly op: 'store' | 'storeLanes' }>

/** Stores that are made together: by the last of them in the block. */
export interface TogetherStores {
  readonly groups: ReadonlyMap<kernels.Instruction, readonly Store[]>
  readonly done: ReadonlySet<kernels.Instruction>
}

/**
 * Finds stores of consecutive elements in a block whose place is known to be aligned. None is moved past anything that could see what it
 * writes, or write the same.
 */
export function findStores(state: PtxState, block: kernels.Block): TogetherStores {
  const groups = new Map<kernels.Instruction, readonly Store[]>()
  const done = new Set<kernels.Instruction>()
  /** By memory: the stores of one form. */
  const open = new Map<string, { readonly key: string; readonly candidates: Candidate<Store>[] }>()
  const close = (memory: string) => {
    const { candidates = [] } = open.get(memory) ?? {}
    open.delete(memory)
    for (const run of findRuns(state, candidates)) {
      const last = run.reduce((latest, store) => (block.indexOf(store) > block.indexOf(latest) ? store : latest))
      groups.set(last, run)
      for (const store of run) if (store !== last) done.add(store)
    }
  }
  const closeAll = () => {
    for (const memory of [...open.keys()]) close(memory)
  }
  for (const instruction of block) {
    switch (instruction.op) {
      case 'store':
      case 'storeLanes': {
        const memory = nameOf(instruction.memory)
        const form = formOf(state, instruction)
        const key = `${formKey(form)} ${instruction.op === 'store' ? (instruction.mask ?? '') : `below ${instruction.active ?? ''}`}`
        const known = open.get(memory)
        if (known && (known.key !== key || known.candidates.some(({ constant }) => constant === form.constant))) close(memory)
        const own = open.get(memory) ?? { key, candidates: [] }
        own.candidates.push({ access: instruction, constant: form.constant })
        open.set(memory, own)
        break
      }
      case 'load':
      case 'loadLanes':
      case 'atomic':
        close(nameOf(instruction.memory))
        break
      case 'barrier':
      case 'loop':
      case 'branch':
      case 'tileMultiplyAdd':
        closeAll()
        break
      default:
    }
  }
  closeAll()
  return { groups, done }
}

function nameOf({ space, slot }: kernels.MemoryRef): string {
  return `${space} ${slot}`
}
