import type { Block, Instruction, ValueId } from '../ir.ts'
import type { Store } from './adjacent-stores.ts'
import { formKey, type IndexForms } from './forms.ts'

type SingleStore = Extract<Store, { readonly op: 'store' }>
type Reduce = Extract<Instruction, { readonly op: 'reduce' }>

/** Sums over lanes that are stored at one distance from each other: in the place of the last store all of them are made. */
export interface SumBatch {
  readonly reduces: readonly Reduce[]
  readonly first: SingleStore
  /** Elements from one to the next. */
  readonly distance: number
}

export interface SumBatches {
  /** By their last store. */
  readonly batches: ReadonlyMap<Instruction, SumBatch>
  readonly done: ReadonlySet<Instruction>
}

/** Fewer are not worth it. */
const fewest = 4

interface Pair {
  readonly reduce: Reduce
  readonly store: SingleStore
  readonly constant: number
}

/** Finds runs of sums of which each is stored once, in shared memory, by the program. Between them nothing happens but arithmetic. */
export function sumBatches(
  forms: IndexForms,
  block: Block,
  { uses, mostAtOnce }: { readonly uses: ReadonlyMap<ValueId, number>; readonly mostAtOnce: (store: SingleStore) => number },
): SumBatches {
  const batches = new Map<Instruction, SumBatch>()
  const done = new Set<Instruction>()
  const open = new Map<ValueId, Reduce>()
  let run: Pair[] = []
  const close = () => {
    const batch = asBatch(forms, run)
    const last = run.at(-1)
    if (batch && last) {
      batches.set(last.store, batch)
      for (const { reduce, store } of run) done.add(reduce).add(store)
    }
    run = []
    open.clear()
  }
  for (const instruction of block) {
    if (instruction.op === 'reduce' && instruction.operator === 'sum' && instruction.active === null) {
      if (uses.get(instruction.result) === 1) open.set(instruction.result, instruction)
    } else if (instruction.op === 'store' && open.has(instruction.value) && instruction.mask === null && instruction.memory.space === 'shared') {
      const reduce = open.get(instruction.value)
      const form = forms.ofAccess(instruction)
      const [before] = run
      const isSame = !before || keyOf(forms, before.store) === keyOf(forms, instruction)
      if (!isSame || run.length >= mostAtOnce(instruction)) close()
      if (reduce) run.push({ reduce, store: instruction, constant: form.constant })
    } else if (!isArithmetic(instruction)) close()
  }
  close()
  return { batches, done }
}

function asBatch(forms: IndexForms, run: readonly Pair[]): SumBatch | null {
  const [first, second] = run
  if (!first || !second || run.length < fewest || forms.ofAccess(first.store).lane !== 0) return null
  const distance = second.constant - first.constant
  if (run.some(({ constant }, k) => constant !== first.constant + k * distance)) return null
  return { reduces: run.map(({ reduce }) => reduce), first: first.store, distance }
}

function keyOf(forms: IndexForms, store: Store): string {
  return `${store.memory.space} ${store.memory.slot} ${formKey(forms.ofAccess(store))}`
}

function isArithmetic({ op }: Instruction): boolean {
  return ['constant', 'parameter', 'programId', 'lane', 'unary', 'binary', 'compare', 'select', 'fma', 'convert', 'bitcast', 'reduce'].includes(op)
}
