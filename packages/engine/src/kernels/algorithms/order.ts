import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { requireCount } from './checks.ts'
import { kernelOnce } from '../kernel-cache.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { radixSort } from './radix.ts'
import { fitsOneProgram, orderLaunch } from './thread-order.ts'

/** Positions that one program looks at: a program is a thread of a GPU, and much more on a processor. */
function blockOf({ lanes }: lowering.Target): number {
  return lanes === 'gpu' ? 2 : 4096
}

/** `starts[r] = #{sorted keys below r}`: each position writes the rows that begin there. Parameters: count, rows, block. */
function startsKernel(): kernels.Kernel {
  return kernelOnce('order starts', () => {
    const b = new kernels.KernelBuilder('order_starts', { lanes: 1 })
    const [count, rows, block] = [b.parameter('count', 'index'), b.parameter('rows', 'index'), b.parameter('block', 'index')]
    const keys = b.buffer('keys', 'u32', 'read', { extent: b.extentOf(count), below: b.extentOf(rows) })
    const starts = b.buffer('starts', 'i32', 'write', { extent: b.extentOf(rows).plus(1) })
    const first = b.programId().mul(block)
    const last = first.add(block).min(count.add(1))
    b.loop(first, last, {}, (i) => {
      const isFirst = i.equal(0)
      const isEnd = i.equal(count)
      const before = isFirst.select(b.constant('index', -1), keys.load(i.sub(1), { mask: isFirst.not() }).convert('index'))
      const own = isEnd.select(rows, keys.load(i, { mask: isEnd.not() }).convert('index'))
      b.loop(before.add(1), own.add(1), {}, (row) => starts.store(row, i.convert('i32')))
    })
    return b.build()
  })
}

/**
 * The order of an index array with values in `0 … rows − 1`: input 0 the indices (`i32` [count]); output 0 `starts` (`i32` [rows + 1]),
 * output 1 `entries` (`i32` [count]), as in `lowering.Slot`. Stable, and the same on any number of threads.
 *
 * @throws {InputError} if a number is no count.
 */
export function orderPlan(count: number, rows: number, target: lowering.Target): lowering.Plan {
  requireCount('orderPlan', 'count', count)
  requireCount('orderPlan', 'rows', rows)
  const plan = new PlanBuilder()
  addOrder(plan, { count, rows, indices: { kind: 'input', index: 0 }, starts: { kind: 'output', index: 0 }, entries: { kind: 'output', index: 1 } }, target)
  return plan.build()
}

export interface OrderRequest {
  readonly count: number
  readonly rows: number
  readonly indices: lowering.Slot
  readonly starts: lowering.Slot
  readonly entries: lowering.Slot
}

export function addOrder(plan: PlanBuilder, { count, rows, indices, starts, entries }: OrderRequest, target: lowering.Target): void {
  const bits = Math.max(1, Math.ceil(Math.log2(Math.max(2, rows))))
  if (count > 0 && fitsOneProgram(count, rows, target)) {
    const memory = { keys: plan.temporary('u32', 2 * count), positions: plan.temporary('i32', 2 * count) }
    plan.launch(orderLaunch({ count, rows, bits }, { indices, starts, entries, ...memory }, target))
    return
  }
  const sortedKeys = plan.temporary('u32', Math.max(1, count))
  // Indices are not negative, so their bits are numbers in the same order.
  radixSort(plan, { count, keys: indices, bits, sorted: entries, sortedKeys }, target)
  const cost = { flops: count + rows, bytes: 4 * (count + rows) }
  const block = blockOf(target)
  plan.launch({ kernel: startsKernel(), grid: [Math.ceil((count + 1) / block)], parameters: [count, rows, block], buffers: [sortedKeys, starts], ...cost })
}
