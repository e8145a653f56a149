import type { Block, Instruction, MemoryRef } from '../ir.ts'
import { adjacentRuns, type Candidate } from './adjacent-loads.ts'
import { type Access, formKey, type IndexForms } from './forms.ts'

/** One that writes. */
export type Store = Extract<Access, { readonly op: 'store' | 'storeLanes' }>

/** Stores that are made together: by the last of them in the block. */
export interface TogetherStores {
  readonly groups: ReadonlyMap<Instruction, readonly Store[]>
  readonly done: ReadonlySet<Instruction>
}

/**
 * Finds stores of consecutive elements in a block whose place is known to be aligned. None is moved past anything that could see what it
 * writes, or write the same.
 */
export function adjacentStores(forms: IndexForms, block: Block): TogetherStores {
  const groups = new Map<Instruction, readonly Store[]>()
  const done = new Set<Instruction>()
  /** By memory: the stores of one form. */
  const open = new Map<string, { readonly key: string; readonly candidates: Candidate<Store>[] }>()
  const close = (memory: string) => {
    const { candidates = [] } = open.get(memory) ?? {}
    open.delete(memory)
    for (const run of adjacentRuns(forms, candidates)) {
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
        const form = forms.ofAccess(instruction)
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

function nameOf({ space, slot }: MemoryRef): string {
  return `${space} ${slot}`
}
