import type * as kernels from '@equivar/core/kernels'
import { memoryKey } from './group.ts'
import { instructionsOf } from './walk.ts'

type Access = Extract<kernels.Instruction, { readonly op: 'load' | 'loadLanes' | 'store' | 'storeLanes' }>
type Store = Extract<Access, { readonly op: 'store' | 'storeLanes' }>

/** Accesses of a block that are made together, and the sums over lanes that are. */
export interface Together {
  readonly loads: ReturnType<typeof kernels.adjacentLoads>
  readonly stores: ReturnType<typeof kernels.adjacentStores>
  readonly sums: kernels.SumBatches
}

/** Elements of the vectors that a memory holds; 1: it holds single elements. */
export type Width = 1 | 2 | 4

/**
 * How memory is declared so that adjacent elements are read and written at once. In WGSL, who writes one component may write all of the
 * vector, so single elements are written only where all components belong to the same lane.
 */
export function widthsOf(kernel: kernels.Kernel, forms: kernels.IndexForms, together: ReadonlyMap<kernels.Block, Together>): ReadonlyMap<string, Width> {
  const runs = new Map<string, (readonly Access[])[]>()
  const single = new Map<string, Store[]>()
  const fixed = new Set<string>()
  const add = <T>(map: Map<string, T[]>, memory: kernels.MemoryRef, value: T) => void map.set(memoryKey(memory), [...(map.get(memoryKey(memory)) ?? []), value])
  const inRuns = new Set<kernels.Instruction>()
  for (const { loads, stores, sums } of together.values()) {
    for (const run of [...loads.groups.values(), ...stores.groups.values()]) {
      const [first] = run
      if (first) add<readonly Access[]>(runs, first.memory, run)
      for (const access of run) inRuns.add(access)
    }
    for (const { first } of sums.batches.values()) fixed.add(memoryKey(first.memory))
  }
  for (const instruction of instructionsOf(kernel.body)) {
    if (instruction.op === 'atomic') fixed.add(memoryKey(instruction.memory))
    else if (instruction.op === 'tileMultiplyAdd') fixed.add(memoryKey({ space: 'shared', slot: instruction.target.slot }))
    else if ((instruction.op === 'store' || instruction.op === 'storeLanes') && !inRuns.has(instruction)) add(single, instruction.memory, instruction)
  }
  const widths = new Map<string, Width>()
  for (const [key, own] of runs) {
    const isFitting = (width: 2 | 4) => {
      const narrow = own.filter((run) => run.length < width).flatMap((run) => run.filter((access) => access.op === 'store' || access.op === 'storeLanes'))
      return own.some((run) => run.length >= width) && areOfOneLane(forms, [...narrow, ...(single.get(key) ?? [])], own.flat(), width)
    }
    const width = fixed.has(key) ? undefined : ([4, 2] as const).find(isFitting)
    if (width) widths.set(key, width)
  }
  return widths
}

/** The same, but only vectors as the memory holds them: longer runs are cut, shorter ones are made element by element. */
export function asVectors(
  { loads, stores, sums }: Together,
  block: kernels.Block,
  forms: kernels.IndexForms,
  widthOf: (memory: kernels.MemoryRef) => Width,
): Together {
  const cut = <A extends Access>(groups: ReadonlyMap<kernels.Instruction, readonly A[]>, chosen: 'first' | 'last') => {
    const own = new Map<kernels.Instruction, readonly A[]>()
    const done = new Set<kernels.Instruction>()
    for (const run of groups.values()) {
      const width = run[0] ? widthOf(run[0].memory) : 1
      if (width === 1 || run.length < width) continue
      const sorted = [...run].sort((a, b) => forms.ofAccess(a).constant - forms.ofAccess(b).constant)
      for (let k = 0; k < sorted.length; k += width) {
        const part = sorted.slice(k, k + width)
        const order = part.map((access) => block.indexOf(access))
        const at = block[chosen === 'first' ? Math.min(...order) : Math.max(...order)]
        // What stands there has its place already known.
        const [leader, ...others] = [...part.filter((access) => access === at), ...part.filter((access) => access !== at)]
        if (!leader) continue
        own.set(leader, chosen === 'first' ? [leader, ...others] : [...others, leader])
        for (const other of others) done.add(other)
      }
    }
    return { groups: own, done }
  }
  return { loads: cut(loads.groups, 'first'), stores: cut(stores.groups, 'last'), sums }
}

/** Whether no two lanes write to one vector, where some write single elements. */
function areOfOneLane(forms: kernels.IndexForms, single: readonly Store[], others: readonly Access[], width: number): boolean {
  const [first] = single
  if (!first) return true
  const stores = [...single, ...others.filter((access): access is Store => access.op === 'store' || access.op === 'storeLanes')]
  const { lane } = forms.ofAccess(first)
  const constants = stores.map((store) => forms.ofAccess(store).constant)
  const lowest = Math.floor(Math.min(...constants) / width) * width
  return (
    lane !== 0 &&
    Math.max(...constants) - lowest < Math.abs(lane) &&
    stores.every((store) => {
      const form = forms.ofAccess(store)
      return form.lane === lane && forms.divisorOf(form) % width === 0
    })
  )
}
