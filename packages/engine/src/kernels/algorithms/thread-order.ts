import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import { countsBefore, radixLanes, threadDigitBits, TileCounters } from './thread-radix.ts'

type Expression = kernels.Expression

/** Keys of a thread, and rows for each thread: beyond, many programs are faster than one. */
const mostKeys = 16
const mostRows = 64

/** Whether one program orders so many entries on a GPU. */
export function fitsOneProgram(count: number, rows: number, target: lowering.Target): boolean {
  const lanes = radixLanes(target)
  return target.lanes === 'gpu' && count <= mostKeys * lanes && rows <= mostRows * lanes
}

/** What the program reads and writes. */
export interface OrderMemory {
  readonly indices: lowering.Slot
  readonly starts: lowering.Slot
  readonly entries: lowering.Slot
  /** Keys and positions are moved from one half of these to the other; `[2, count]` each. */
  readonly keys: lowering.Slot
  readonly positions: lowering.Slot
}

/** An order by one program, which needs no launches in between. */
export function orderLaunch(
  { count, rows, bits }: { readonly count: number; readonly rows: number; readonly bits: number },
  { indices, starts, entries, keys, positions }: OrderMemory,
  target: lowering.Target,
): lowering.PlannedLaunch {
  const lanes = radixLanes(target)
  const parameters = [count, rows, Math.ceil(bits / threadDigitBits), Math.ceil(count / lanes), Math.ceil(Math.log2(count + 1))]
  const buffers = [indices, starts, entries, keys, positions]
  return { kernel: orderKernel(lanes), grid: [1], parameters, buffers, flops: 16 * count + rows, bytes: 40 * count + 4 * rows }
}

/** Parameters: count, rows, passes of the sort, entries of a lane, halvings of an interval of count + 1 until one is left. */
function orderKernel(lanes: number): kernels.Kernel {
  return kernelOnce(`order by one program ${lanes}`, () => {
    const b = new kernels.KernelBuilder('order', { lanes })
    const [count, rows, passes, perLane, halvings] = ['count', 'rows', 'passes', 'perLane', 'halvings'].map((name) => b.parameter(name, 'index')) as [
      Expression, Expression, Expression, Expression, Expression,
    ]
    const all = b.extentOf(count)
    const indices = b.buffer('indices', 'i32', 'read', { extent: all, below: b.extentOf(rows) })
    const starts = b.buffer('starts', 'i32', 'write', { extent: b.extentOf(rows).plus(1) })
    const entries = b.buffer('entries', 'i32', 'write', { extent: all })
    const keys = b.buffer('keys', 'u32', 'readWrite', { extent: all.times(2) })
    const positions = b.buffer('positions', 'i32', 'readWrite', { extent: all.times(2) })
    b.loop(0, count, { step: lanes }, (start) => {
      const i = start.add(b.lane())
      const mask = i.less(count)
      keys.store(i, indices.load(i, { mask }).bitcast('u32'), { mask })
      positions.store(i, i.convert('i32'), { mask })
    })
    b.barrier()
    const first = b.lane().mul(perLane)
    const counters = new TileCounters(b, lanes)
    b.loop(0, passes, {}, (pass) => {
      const from = pass.rem(2).mul(count)
      const to = count.sub(from)
      const shift = pass.mul(threadDigitBits).convert('u32')
      const keyAt = (k: Expression) => {
        const mask = first.add(k).less(count)
        return { key: keys.load(from.add(first).add(k), { mask }), mask }
      }
      counters.count(perLane, shift, keyAt)
      counters.place(countsBefore(b, counters.share().sum, lanes))
      b.loop(0, perLane, {}, (k) => {
        const { key, mask } = keyAt(k)
        const place = to.add(counters.take(key, shift, mask))
        keys.store(place, key, { mask })
        positions.store(place, positions.load(from.add(first).add(k), { mask }), { mask })
      })
      b.barrier()
    })
    const sorted = passes.rem(2).mul(count)
    b.loop(0, count, { step: lanes }, (start) => {
      const i = start.add(b.lane())
      const mask = i.less(count)
      entries.store(i, positions.load(sorted.add(i), { mask }), { mask })
    })
    // The first position whose key is not below the row.
    b.loop(0, rows.add(1), { step: lanes }, (start) => {
      const row = start.add(b.lane())
      const [low] = b.loop(0, halvings, { carry: [kernels.varying(b.constant('index', 0)), kernels.varying(count)] }, (_, [lower, upper]) => {
        const middle = lower.add(upper).div(2)
        const isOpen = lower.less(upper)
        const isBelow = keys.load(sorted.add(middle), { mask: isOpen }).convert('index').less(row)
        return [isOpen.and(isBelow).select(middle.add(1), lower), isOpen.and(isBelow.not()).select(middle, upper)]
      })
      starts.store(row, low.convert('i32'), { mask: row.lessEqual(rows) })
    })
    return b.build()
  })
}
