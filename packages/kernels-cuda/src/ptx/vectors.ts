import type { kernels } from '@equivar/core'
import { formOf } from './access.ts'
import { formKey } from './forms.ts'
import { bytesOfMemory, type PtxState } from './state.ts'

type Load = Extract<kernels.Instruction, { readonly op: 'load' | 'loadLanes' }>
type Access = Extract<kernels.Instruction, { readonly op: 'load' | 'loadLanes' | 'store' | 'storeLanes' }>

/** Bytes of the widest load. */
const widest = 16

/** Loads that are made together: by the first of them in the block; the others are done by then. */
export interface TogetherLoads {
  readonly groups: ReadonlyMap<kernels.Instruction, readonly Load[]>
  readonly done: ReadonlySet<kernels.Instruction>
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
export function findTogether(state: PtxState, block: kernels.Block): TogetherLoads {
  const groups = new Map<kernels.Instruction, readonly Load[]>()
  const done = new Set<kernels.Instruction>()
  const open = new Map<string, Candidate<Load>[]>()
  const close = (isClosed: (key: string) => boolean) => {
    for (const [key, candidates] of open) {
      if (!isClosed(key)) continue
      open.delete(key)
      for (const together of findRuns(state, candidates)) {
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
        const form = formOf(state, instruction)
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
        close((key) => !isReadOnly(state, key))
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

function isReadOnly({ kernel }: PtxState, key: string): boolean {
  const [space, slot] = key.split(' ')
  return space === 'buffer' && kernel.buffers[Number(slot)]?.access === 'read'
}

/** Runs of two or four accesses that differ in their constants, by the alignment of their places. */
export function findRuns<A extends Access>(state: PtxState, candidates: readonly Candidate<A>[]): readonly (readonly A[])[] {
  const [first] = candidates
  if (!first || candidates.length < 2) return []
  const divisor = state.forms.divisorOf(formOf(state, first.access))
  const most = widest / bytesOfMemory(state.kernel, first.access.memory)
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
