import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { scan } from '../reductions/scan.ts'
import { launchFill } from '../structure/moves.ts'
import { requireCount } from './checks.ts'
import { movingLanes } from './lanes.ts'

const block = 2048

/** Puts positions where they belong: selected ones in front, in order, the others behind them. */
function placeKernel(lanes: number): kernels.Kernel {
  return kernelOnce(`compact place ${lanes}`, () => {
    const b = new kernels.KernelBuilder('compact_place', { lanes })
    const count = b.parameter('count', 'index')
    const all = b.extentOf(count)
    const mask = b.buffer('mask', 'u32', 'read', { extent: all })
    const before = b.buffer('before', 'u32', 'read', { extent: all, below: all.plus(1) })
    const positions = b.buffer('positions', 'i32', 'write', { extent: all })
    const total = b.buffer('total', 'i32', 'write', { extent: 1 })
    const last = count.sub(1)
    const numSelected = before.load(last).add(mask.load(last).min(1)).convert('index')
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), { step: lanes }, (first) => {
      const i = lanes === 1 ? first : first.add(b.lane())
      const inside = lanes === 1 ? {} : { mask: i.less(count) }
      const own = before.load(i, inside).convert('index')
      const place = mask.load(i, inside).notEqual(0).select(own, numSelected.add(i).sub(own))
      positions.store(place, i.convert('i32'), inside)
    })
    b.branch(b.programId().equal(0), () => total.store(0, numSelected.convert('i32')))
    return b.build()
  })
}

/**
 * Positions at which a mask holds: input 0 the mask (`u32` words 0 and 1 [count]); output 0 `positions` (`i32` [count]), first those at
 * which it holds, ascending, then the others, ascending; output 1 their number (one `i32`).
 *
 * @throws {InputError} if the count is none.
 */
export function compactPlan(count: number, target: lowering.Target): lowering.Plan {
  requireCount('compact', 'number of elements', count)
  const plan = new PlanBuilder()
  const [mask, positions, total]: readonly lowering.Slot[] = [{ kind: 'input', index: 0 }, { kind: 'output', index: 0 }, { kind: 'output', index: 1 }]
  if (!mask || !positions || !total) return plan.build()
  if (count === 0) {
    for (const launch of launchFill('int32', [1], { strides: [1] }, target)) plan.launch({ ...launch, buffers: [total] })
    return plan.build()
  }
  const before = plan.temporary('u32', count)
  scan(plan, { scalar: 'u32', extents: [1, count, 1], x: mask, y: before, isExclusive: true, isReverse: false }, target)
  const cost = { flops: count, bytes: 12 * count }
  const kernel = placeKernel(movingLanes(1, target))
  plan.launch({ kernel, grid: [Math.ceil(count / block)], parameters: [count], buffers: [mask, before, positions, total], ...cost })
  return plan.build()
}
