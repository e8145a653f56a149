import { kernels, type lowering } from '@equivar/core'
import { kernelOnce } from '../kernel-cache.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { launchFill } from '../structure/moves.ts'
import { requireCount } from './checks.ts'

const block = 4096

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
  plan.launch({ kernel: countKernel(), grid: [Math.ceil(count / block)], parameters: [count, bins], buffers, flops: count, bytes: 8 * count })
  return plan.build()
}
