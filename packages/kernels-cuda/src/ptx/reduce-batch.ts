import * as kernels from '@equivar/core/kernels'
import { warpSize } from './shape.ts'
import { memoryType, shuffled } from './shuffle.ts'
import { bytesOfMemory, type PtxState } from './state.ts'
import type { RegisterClass } from './types.ts'

type Store = kernels.SumBatch['first']

/** Bytes through which warps hand one another what they add up. */
const mostExchanged = 16_384

/** Sums over the threads of a program that are made together; programs that are parts of warps make each by itself. */
export function findBatches(state: PtxState, block: kernels.Block, uses: ReadonlyMap<kernels.ValueId, number>): kernels.SumBatches {
  if (state.shape.threads < warpSize) return { batches: new Map(), done: new Set() }
  return kernels.sumBatches(state.forms, block, { uses, mostAtOnce: (store) => mostAtOnce(state, store) })
}

/** Sums that a program makes at once: no warp has more than it has threads. */
function mostAtOnce(state: PtxState, { memory }: Store): number {
  const warps = warpsOf(state)
  if (warps === 1) return warpSize
  return Math.min(warpSize * warps, Math.floor(mostExchanged / (state.shape.threads * bytesOfMemory(state.kernel, memory)) / warps) * warps)
}

function warpsOf({ shape }: PtxState): number {
  return shape.threads / warpSize
}

/**
 * The same trees as of single sums. Across warps each takes its share of the sums; within one a thread keeps one half of the sums that
 * it has and gives the other half to its partner, until it has one.
 */
export function writeBatch(state: PtxState, { reduces, first, distance }: kernels.SumBatch): void {
  const { writer } = state
  const [{ x } = { x: 0 }] = reduces
  const kind = state.classOf(x)
  const type = memoryType(kind)
  const name = kind === 'f' || kind === 'd' ? `add.rn.${type}` : `add.${state.suffixOf(x)}`
  const add = (a: string, b: string) => writer.define(kind, (to) => `${name} ${to}, ${a}, ${b}`)
  const zero = kind === 'f' ? '0f00000000' : kind === 'd' ? '0d0000000000000000' : '0'
  const own = reduces.map((reduce) => insideOnly(state, state.use(reduce.x), kind, zero))
  const warps = warpsOf(state)
  const share = Math.ceil(own.length / warps)
  let values = warps === 1 ? own : acrossWarps(state, own, share, kind, add)
  const bits: string[] = []
  let distanceInWarp = warpSize / 2
  for (; values.length > 1 && distanceInWarp >= 1; distanceInWarp /= 2) {
    const isUpper = writer.early(`lane bit ${distanceInWarp}`, 'p', (to) => `setp.ne.u32 ${to}, ${laneBit(state, distanceInWarp)}, 0`)
    // A power of two, so that no two threads take themselves for the holder of one sum.
    const half = 2 ** Math.ceil(Math.log2(values.length) - 1)
    bits.push(`${distanceInWarp} ${half}`)
    values = values.slice(0, half).map((low, k) => {
      const high = values[k + half] ?? zero
      const kept = writer.define(kind, (to) => `selp.${type} ${to}, ${high}, ${low}, ${isUpper}`)
      const given = writer.define(kind, (to) => `selp.${type} ${to}, ${low}, ${high}, ${isUpper}`)
      return add(kept, shuffled(state, 'bfly', kind, given, distanceInWarp))
    })
  }
  let [total = zero] = values
  for (let rest = distanceInWarp; rest >= 1; rest /= 2) total = add(total, shuffled(state, 'bfly', kind, total, rest))
  const { number, isOwner } = whoHolds(state, bits, own.length, share, 2 * distanceInWarp)
  const bytes = bytesOfMemory(state.kernel, first.memory)
  const form = state.forms.ofAccess(first)
  const start = state.address(first.memory, { ...form, constant: 0 }, bytes).slice(1, -1)
  const offset = writer.early(`offset of sum ${bits.join()} ${share} ${distance * bytes}`, 'r', (to) => `mul.lo.u32 ${to}, ${number}, ${distance * bytes}`)
  const place = writer.define('r', (to) => `add.u32 ${to}, ${start}, ${offset}`)
  writer.line(`@${isOwner} st.shared.${type} [${place}+${form.constant * bytes}], ${total}`)
}

/** Lanes that are none give nothing. */
function insideOnly(state: PtxState, value: string, kind: RegisterClass, zero: string): string {
  const { inside, writer } = state
  return inside === null ? value : writer.define(kind, (to) => `selp.${memoryType(kind)} ${to}, ${value}, ${zero}, ${inside}`)
}

function laneBit(state: PtxState, bit: number): string {
  return state.writer.early(`lane and ${bit}`, 'r', (to) => `and.b32 ${to}, ${state.lane}, ${bit}`)
}

/** Every warp gets its share of the sums, each as one value a lane. */
function acrossWarps(state: PtxState, own: readonly string[], share: number, kind: RegisterClass, add: (a: string, b: string) => string): string[] {
  const { writer, shape } = state
  const bytes = kind === 'd' || kind === 'q' ? 8 : 4
  const type = memoryType(kind)
  const size = 2 ** Math.ceil(Math.log2(state.kernel.lanes))
  const warps = warpsOf(state)
  // Shares may reach behind the last sum; what is there is not used.
  const memory = state.exchange(share * warps * shape.threads * bytes)
  const place = writer.early(`exchange of lane ${bytes}`, 'r', (to) => `mad.lo.u32 ${to}, ${state.lane}, ${bytes}, ${memory}`)
  const inWarp = writer.early('lane in warp', 'r', (to) => `and.b32 ${to}, ${state.lane}, ${warpSize - 1}`)
  const warp = writer.early('warp', 'r', (to) => `shr.u32 ${to}, ${state.lane}, 5`)
  const column = writer.early(`exchange of column ${bytes}`, 'r', (to) => `mad.lo.u32 ${to}, ${inWarp}, ${bytes}, ${memory}`)
  const mine = writer.early(`exchange of share ${bytes} ${share}`, 'r', (to) => `mad.lo.u32 ${to}, ${warp}, ${share * shape.threads * bytes}, ${column}`)
  state.barrier()
  for (const [k, value] of own.entries()) writer.line(`st.shared.${type} [${place}+${k * shape.threads * bytes}], ${value}`)
  state.barrier()
  return Array.from({ length: share }, (_, j) => {
    let values: (string | null)[] = Array.from({ length: size / warpSize }, (__, w) =>
      w >= warps ? null : writer.define(kind, (to) => `ld.shared.${type} ${to}, [${mine}+${(j * shape.threads + w * warpSize) * bytes}]`),
    )
    while (values.length > 1) {
      const half = values.length / 2
      values = values.slice(0, half).map((value, k) => {
        const other = values[k + half] ?? null
        return value === null || other === null ? value : add(value, other)
      })
    }
    return values[0] ?? ''
  })
}

interface Holder {
  readonly number: string
  readonly isOwner: string
}

/** Which sum a thread ends with, and whether it is the one to store it. */
function whoHolds(state: PtxState, bits: readonly string[], count: number, share: number, above: number): Holder {
  const { writer } = state
  const key = `${bits.join()} ${count} ${share}`
  const number = writer.early(`number of sum ${key}`, 'r', (to) => {
    let sum = writer.early(`first of share ${share}`, 'r', (register) => `mul.lo.u32 ${register}, ${warpOf(state)}, ${share}`)
    for (const [k, bit] of bits.entries()) {
      const [distance, half] = bit.split(' ').map(Number)
      const before = sum
      const step = writer.early(`step ${bit}`, 'r', (register) => `selp.u32 ${register}, ${half ?? 0}, 0, ${writer.early(`lane bit ${distance ?? 0}`, 'p', () => '')}`)
      sum = writer.early(`sum to ${k} of ${key}`, 'r', (register) => `add.u32 ${register}, ${before}, ${step}`)
    }
    return `mov.b32 ${to}, ${sum}`
  })
  const isOwner = writer.early(`owner of ${key}`, 'p', (to) => {
    const last = writer.early(`end of share ${share}`, 'r', (register) => `mad.lo.u32 ${register}, ${warpOf(state)}, ${share}, ${share}`)
    const end = writer.early(`end of sums ${key}`, 'r', (register) => `min.u32 ${register}, ${last}, ${count}`)
    const isThere = writer.early(`sum is there ${key}`, 'p', (p) => `setp.lt.u32 ${p}, ${number}, ${end}`)
    if (above <= 1) return `and.pred ${to}, ${isThere}, ${isThere}`
    const rest = writer.early(`rest of lane ${above}`, 'r', (register) => `and.b32 ${register}, ${state.lane}, ${above - 1}`)
    const isFirst = writer.early(`first of group ${above}`, 'p', (p) => `setp.eq.u32 ${p}, ${rest}, 0`)
    return `and.pred ${to}, ${isThere}, ${isFirst}`
  })
  return { number, isOwner }
}

function warpOf(state: PtxState): string {
  return state.shape.threads === warpSize ? '0' : state.writer.early('warp', 'r', (to) => `shr.u32 ${to}, ${state.lane}, 5`)
}
