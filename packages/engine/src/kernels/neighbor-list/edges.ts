import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import { spareKeys, type ReceiverRange } from './search.ts'

/** Atoms of a program. */
function blockOf({ lanes }: lowering.Target): number {
  return lanes === 'gpu' ? 4 : 64
}

/**
 * Sorts the keys of each receiver by counting those that are smaller. Lanes are edges. Parameters: first and last receiver; those of all
 * begin at `starts[i]` afterwards, and at `starts[i] + spareKeys · i` before.
 */
function edgesKernel(target: lowering.Target): kernels.Kernel {
  const [lanes, block] = [target.lanes === 'gpu' ? Math.min(target.maxLanes, 32) : 16, blockOf(target)]
  return kernelOnce(`neighbors edges ${lanes} ${block}`, () => {
    const b = new kernels.KernelBuilder('neighbors_edges', { lanes })
    const [firstAtom, endAtom] = [b.parameter('firstAtom', 'index'), b.parameter('endAtom', 'index')]
    const starts = b.buffer('starts', 'i32', 'read', { extent: b.extentOf(endAtom).plus(1) })
    const keys = b.buffer('keys', 'i32', 'read')
    const edges = b.buffer('edges', 'i32', 'write')
    const first = firstAtom.add(b.programId().mul(block))
    b.loop(first, first.add(block).min(endAtom), {}, (receiver) => {
      const [from, to] = [starts.load(receiver).convert('index'), starts.load(receiver.add(1)).convert('index')]
      const spare = receiver.mul(spareKeys)
      const [firstKey, endKey] = [from.add(spare), to.add(spare)]
      b.loop(firstKey, endKey, { step: lanes }, (at) => {
        const active = endKey.sub(at)
        const key = keys.loadLanes(at, { active })
        // What stands behind the last key is larger than all.
        const [rank] = b.loop(firstKey, endKey, { step: spareKeys, carry: [kernels.varying(b.constant('i32', 0))] }, (other, [before]) => {
          let sum = before
          for (let k = 0; k < spareKeys; k++) sum = sum.add(keys.load(other.add(k)).less(key).select(b.constant('i32', 1), 0))
          return [sum]
        })
        edges.store(from.add(rank.convert('index')), key, { mask: b.lane().less(active) })
      })
    })
    return b.build()
  })
}

/** Buffers: starts, keys, edges. */
export function launchEdges([first, end]: ReceiverRange, buffers: readonly lowering.Slot[], target: lowering.Target): lowering.PlannedLaunch {
  const [count, kernel] = [end - first, edgesKernel(target)]
  return { kernel, grid: [Math.ceil(count / blockOf(target))], parameters: [first, end], buffers, flops: 1000 * count, bytes: 1000 * count }
}
