import type { Block, Instruction, Kernel } from '../ir.ts'
import { type Access, formKey, type IndexForms } from './forms.ts'

/** One that reads. */
export type Load = Extract<Access, { readonly op: 'load' | 'loadLanes' }>

/** Bytes of the widest load. */
const widest = 16

/** Loads that are made together: by the first of them in the block; the others are done by then. */
export interface TogetherLoads {
  readonly groups: ReadonlyMap<Instruction, readonly Load[]>
  readonly done: ReadonlySet<Instruction>
}

/** A load or store, and the constant of its place. */
export interface Candidate<A> {
  readonly access: A
  readonly constant: number
}

/**
 * Finds loads of consecutive elements in a block whose place is known to be aligned. None is moved past anything that could change
 * what it reads, nor past blocks inside.
 */
export function adjacentLoads(forms: IndexForms, block: Block): TogetherLoads {
  const groups = new Map<Instruction, readonly Load[]>()
  const done = new Set<Instruction>()
  const open = new Map<string, Candidate<Load>[]>()
  const close = (isClosed: (key: string) => boolean) => {
    for (const [key, candidates] of open) {
      if (!isClosed(key)) continue
      open.delete(key)
      for (const together of adjacentRuns(forms, candidates)) {
        const order = together.map((load) => block.indexOf(load))
        const first = block[Math.min(...order)]
        if (!first) continue
        groups.set(first, together)
        for (const load of together) if (load !== first) done.add(load)
      }
    }
  }
  for (const instruction of block) {
    switch (instruction.op) {
      case 'load':
      case 'loadLanes': {
        const form = forms.ofAccess(instruction)
        const limit = instruction.op === 'load' ? (instruction.mask ?? '') : `below ${instruction.active ?? ''}`
        const { space, slot } = instruction.memory
        const key = `${space} ${slot} ${formKey(form)} ${limit} `
        open.set(key, [...(open.get(key) ?? []), { access: instruction, constant: form.constant }])
        break
      }
      case 'store':
      case 'storeLanes':
      case 'atomic': {
        const { space, slot } = instruction.memory
        close((key) => key.startsWith(`${space} ${slot} `))
        break
      }
      case 'barrier':
        close((key) => !isReadOnly(forms.kernel, key))
        break
      case 'loop':
      case 'branch':
      case 'tileMultiplyAdd':
        close(() => true)
        break
      default:
    }
  }
  close(() => true)
  return { groups, done }
}

function isReadOnly(kernel: Kernel, key: string): boolean {
  const [space, slot] = key.split(' ')
  return space === 'buffer' && kernel.buffers[Number(slot)]?.access === 'read'
}

/** Runs of two or four accesses that differ in their constants, by the alignment of their places. */
export function adjacentRuns<A extends Access>(forms: IndexForms, candidates: readonly Candidate<A>[]): readonly (readonly A[])[] {
  const [first] = candidates
  if (!first || candidates.length < 2) return []
  const divisor = forms.divisorOf(forms.ofAccess(first.access))
  const { space, slot } = first.access.memory
  const { scalar } = (space === 'buffer' ? forms.kernel.buffers : forms.kernel.shared)[slot] ?? { scalar: 'f64' }
  const most = widest / (scalar === 'f64' ? 8 : 4)
  const byConstant = new Map(candidates.map(({ access, constant }) => [constant, access]))
  const found: (readonly A[])[] = []
  for (const width of [4, 2]) {
    if (width > most || divisor % width !== 0) continue
    for (const constant of [...byConstant.keys()].sort((a, b) => a - b)) {
      if (((constant % width) + width) % width !== 0) continue
      const run = Array.from({ length: width }, (_, k) => byConstant.get(constant + k))
      const accesses = run.filter((access) => access !== undefined)
      if (accesses.length < width) continue
      found.push(accesses)
      for (let k = 0; k < width; k++) byConstant.delete(constant + k)
    }
  }
  return found
}
