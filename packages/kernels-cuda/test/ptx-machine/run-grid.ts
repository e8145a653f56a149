import type { StartThread, Thread, Wait } from './assemble.ts'
import { multiplyMatrices } from './matrix-unit.ts'
import { MachineMemory } from './memory.ts'
import type { PtxEntry } from './parse.ts'

const warp = 32

export interface Grid {
  readonly blocks: number
  readonly sharedBytes: number
  readonly parameters: DataView
}

/** Runs all blocks of a grid, one after another; threads run in turns from one meeting to the next, backwards or forwards. */
export function runGrid({ threads }: PtxEntry, start: StartThread, global: MachineMemory, { blocks, sharedBytes, parameters }: Grid): void {
  const bytes = new ArrayBuffer(sharedBytes)
  const shared = new MachineMemory('shared memory', bytes, 0)
  for (let block = 0; block < blocks; block++) {
    // Nothing that a kernel could take for a result.
    new Uint32Array(bytes).fill(0x7fc0dead)
    runBlock(Array.from({ length: threads }, (_, tid) => start(tid, block, global, shared, parameters)), block % 2 === 0)
  }
}

function runBlock(threads: readonly Thread[], isBackwards: boolean): void {
  const order = isBackwards ? [...threads.keys()].reverse() : [...threads.keys()]
  const waits: (Wait | undefined)[] = threads.map(() => undefined)
  const given: (number | readonly number[])[] = threads.map(() => 0)
  const isDone = threads.map(() => false)
  const isReady = threads.map(() => true)
  for (;;) {
    for (const t of order) {
      if (!isReady[t]) continue
      isReady[t] = false
      const { done, value } = threads[t]?.next(given[t] ?? 0) ?? { done: true, value: undefined }
      if (done === true) [isDone[t], waits[t]] = [true, undefined]
      else waits[t] = value
    }
    if (isDone.every(Boolean)) return
    if (!release(waits, isDone, isReady, given)) throw new Error('threads wait for one another in vain')
  }
}

/** Lets threads go on whose partners are all there; false if nobody can. */
function release(waits: (Wait | undefined)[], isDone: readonly boolean[], isReady: boolean[], given: (number | readonly number[])[]): boolean {
  const [some] = waits.filter((wait) => wait !== undefined)
  if (some?.kind === 'block' && waits.every((wait, t) => isDone[t] || (wait?.kind === 'block' && wait.at === some.at))) {
    for (const t of waits.keys()) isReady[t] = !isDone[t]
    waits.fill(undefined)
    return true
  }
  let isAny = false
  for (const [t, wait] of [...waits.entries()]) {
    // Who has been let go with others is not asked again.
    if (!wait || wait.kind === 'block' || waits[t] !== wait) continue
    const first = Math.floor(t / warp) * warp
    const members = Array.from({ length: warp }, (_, k) => k).filter((k) => ((wait.members >>> k) & 1) === 1).map((k) => first + k)
    if (!members.includes(t)) throw new Error(`thread ${t} waits for a group that it is not in`)
    const all = members.map((k) => waits[k])
    if (!all.every((other) => other?.at === wait.at && other.members === wait.members)) continue
    if (wait.kind === 'matrix')
      for (const [k, sums] of multiplyMatrices(all.map((other) => other?.factors ?? [])).entries()) given[first + k] = sums
    for (const k of members) {
      const own = waits[k]
      if (own?.kind === 'shuffle') given[k] = shuffledValue(own, k, first, waits)
    }
    for (const k of members) isReady[k] = true
    for (const k of members) waits[k] = undefined
    isAny = true
  }
  return isAny
}

function shuffledValue({ mode, lane, clamp, value, members }: Wait, thread: number, first: number, waits: readonly (Wait | undefined)[]): number {
  const own = thread - first
  const segment = (clamp >> 8) & 31
  const [lowest, highest] = [own & segment, (own & segment) | (clamp & 31 & ~segment)]
  const source = mode === 'bfly' ? own ^ lane : lowest | (lane & ~segment & 31)
  if (source > highest) return value
  if (((members >>> source) & 1) === 0) throw new Error(`a shuffle asks for lane ${source}, which takes no part`)
  return waits[first + source]?.value ?? Number.NaN
}
