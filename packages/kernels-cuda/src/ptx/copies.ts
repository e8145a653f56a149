import * as kernels from '@equivar/core/kernels'
import { guard } from './access.ts'
import { copiedLoad } from './copied-arrays.ts'
import { bytesOfMemory, type PtxState } from './state.ts'

type Store = Extract<kernels.Instruction, { readonly op: 'store' }>
type Load = Extract<kernels.Instruction, { readonly op: 'load' }>

/** An element that goes from a buffer to a shared array. */
interface Copy {
  readonly load: Load
  readonly store: Store
  readonly from: number
  readonly to: number
}

/** Copies of consecutive elements, made together where the last of their stores stands; loads and stores that are done so. */
export interface CopyGroups {
  readonly groups: ReadonlyMap<kernels.Instruction, readonly Copy[]>
  readonly done: ReadonlySet<kernels.Instruction>
}

/** Finds copies into arrays that nobody reads before the next barrier. */
export function findCopies(state: PtxState, block: kernels.Block): CopyGroups {
  const groups = new Map<kernels.Instruction, readonly Copy[]>()
  const done = new Set<kernels.Instruction>()
  if (state.copied.size === 0) return { groups, done }
  const alike = new Map<string, Copy[]>()
  for (const instruction of block) {
    if (instruction.op !== 'store' || instruction.memory.space !== 'shared' || !state.copied.has(instruction.memory.slot)) continue
    const load = copiedLoad(state.kernel, state.uses, state.forms, instruction)
    if (!load) continue
    const [from, to] = [state.forms.of(load.index), state.forms.of(instruction.index)]
    const key = [load.memory.slot, kernels.formKey(from), load.mask, instruction.memory.slot, kernels.formKey(to), to.constant - from.constant].join(' / ')
    alike.set(key, [...(alike.get(key) ?? []), { load, store: instruction, from: from.constant, to: to.constant }])
    done.add(load).add(instruction)
  }
  for (const copies of alike.values())
    for (const run of runsOf(state, copies)) {
      const last = run.reduce((latest, { store }) => (block.indexOf(store) > block.indexOf(latest) ? store : latest), run[0].store)
      groups.set(last, run)
    }
  return { groups, done }
}

type Run = readonly [Copy, ...Copy[]]

/** Runs of 4, 2 or 1 copies whose places are consecutive and aligned on both sides. */
function runsOf(state: PtxState, copies: readonly Copy[]): readonly Run[] {
  const [first] = copies
  if (!first) return []
  const most = 16 / bytesOfMemory(state.kernel, first.load.memory)
  const divisors = [first.load.index, first.store.index].map((index) => state.forms.divisorOf(state.forms.of(index)))
  const left = new Map(copies.map((copy) => [copy.from, copy]))
  const runs: Run[] = []
  for (const width of [4, 2, 1]) {
    if (width > most || divisors.some((divisor) => divisor % width !== 0)) continue
    for (const copy of [...left.values()].sort((a, b) => a.from - b.from)) {
      if (!left.has(copy.from) || copy.from % width !== 0 || copy.to % width !== 0) continue
      const others = Array.from({ length: width - 1 }, (_, k) => left.get(copy.from + k + 1)).filter((other) => other !== undefined)
      if (others.length < width - 1) continue
      runs.push([copy, ...others])
      for (const { from } of [copy, ...others]) left.delete(from)
    }
  }
  return runs
}

/** Elements go to shared memory without passing through registers; zeros where the mask is false. */
export function writeCopy(state: PtxState, copies: readonly Copy[]): void {
  const [first] = copies
  if (!first) return
  const { writer, kernel, forms } = state
  const { load, store } = first
  const bytes = bytesOfMemory(kernel, load.memory)
  const [to, from] = [state.address(store.memory, forms.of(store.index), bytes), state.address(load.memory, forms.of(load.index), bytes)]
  const size = copies.length * bytes
  const mask = load.mask === null ? null : state.use(load.mask)
  const read = mask === null ? '' : `, ${writer.known(`${size} bytes where ${mask}`, () => writer.define('r', (own) => `selp.b32 ${own}, ${size}, 0, ${mask}`))}`
  writer.line(`${guard(state.inside)}cp.async.${size === 16 ? 'cg' : 'ca'}.shared.global ${to}, ${from}, ${size}${read}`)
}
