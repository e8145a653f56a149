import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { launchFill } from '../structure/moves.ts'
import { requireCount } from './checks.ts'
import { movingLanes } from './lanes.ts'

const block = 4096

/** Fewer bins are counted in memory that the threads of a program share, so that programs do not wait for each other. */
const fewBins = 512

function countKernel(): kernels.Kernel {
  return kernelOnce('bincount', () => {
    const b = new kernels.KernelBuilder('bincount', { lanes: 1 })
    const [count, bins] = [b.parameter('count', 'index'), b.parameter('bins', 'index')]
    const indices = b.buffer('indices', 'i32', 'read', { extent: b.extentOf(count), below: b.extentOf(bins) })
    const counts = b.buffer('counts', 'i32', 'readWrite', { extent: b.extentOf(bins) })
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), {}, (i) => void counts.atomic('add', indices.load(i).convert('index'), 1))
    return b.build()
  })
}

function threadCountKernel(lanes: number, isShared: boolean): kernels.Kernel {
  return kernelOnce(`bincount ${lanes} ${isShared}`, () => {
    const b = new kernels.KernelBuilder('bincount', { lanes })
    const [count, bins] = [b.parameter('count', 'index'), b.parameter('bins', 'index')]
    const indices = b.buffer('indices', 'i32', 'read', { extent: b.extentOf(count), below: b.extentOf(bins) })
    const counts = b.buffer('counts', 'i32', 'readWrite', { extent: b.extentOf(bins) })
    const own = isShared ? b.shared('own', 'i32', fewBins) : counts
    const eachBin = (visit: (bin: kernels.Expression, mask: kernels.Expression) => void) => {
      b.loop(0, bins, { step: lanes }, (first) => {
        const bin = first.add(b.lane())
        visit(bin, bin.less(bins))
      })
    }
    if (isShared) {
      eachBin((bin, mask) => {
        own.store(bin, b.constant('i32', 0), { mask })
      })
      b.barrier()
    }
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), { step: lanes }, (first) => {
      const i = first.add(b.lane())
      const mask = i.less(count)
      own.atomic('add', indices.load(i, { mask }).convert('index'), 1, { mask })
    })
    if (isShared) {
      b.barrier()
      eachBin((bin, mask) => void counts.atomic('add', bin, own.load(bin, { mask }), { mask }))
    }
    return b.build()
  })
}

/**
 * `counts[k] = #{i: indices[i] = k}`: input 0 indices in `0 … bins − 1` (`i32` [count]), output 0 the counts (`i32` [bins]).
 *
 * @throws {InputError} if a number is no count.
 */
export function bincountPlan(count: number, bins: number, target: lowering.Target): lowering.Plan {
  requireCount('bincount', 'number of indices', count)
  requireCount('bincount', 'number of bins', bins)
  const plan = new PlanBuilder()
  for (const launch of launchFill('int32', [bins], { strides: [1] }, target)) plan.launch(launch)
  const buffers: readonly lowering.Slot[] = [{ kind: 'input', index: 0 }, { kind: 'output', index: 0 }]
  const kernel = target.lanes === 'simd' ? countKernel() : threadCountKernel(movingLanes(1, target), bins <= fewBins)
  plan.launch({ kernel, grid: [Math.ceil(count / block)], parameters: [count, bins], buffers, flops: count, bytes: 8 * count })
  return plan.build()
}
