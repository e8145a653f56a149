import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import { appending } from './append.ts'
import { blockOf, declareSearch, lanesOf, searchParameters, walk } from './candidates.ts'
import type { NeighborGrid } from './grid.ts'

/** Elements behind the keys of every receiver that are no keys. */
export const spareKeys = 4
/** Larger than every key. */
export const noKey = 2 ** 31 - 1

/** `counts[i] = #{edges to atom i}`; `coincident[0]` becomes N − i, of the first atom i that is at the same point as another. */
function countKernel(target: lowering.Target): kernels.Kernel {
  const [lanes, block] = [lanesOf(target), blockOf(target)]
  return kernelOnce(`neighbors count ${lanes} ${block}`, () => {
    const b = new kernels.KernelBuilder('neighbors_count', { lanes })
    const search = declareSearch(b)
    const counts = b.buffer('counts', 'i32', 'write', { extent: b.extentOf(search.numAtoms) })
    const coincident = b.buffer('coincident', 'i32', 'readWrite', { extent: 1 })
    walk(search, block, {
      begin: () => [kernels.varying(b.constant('i32', 0))],
      group: ({ near }, [sum = near]) => [sum.add(near)],
      coincident: (receiver) => void coincident.atomic('max', 0, search.numAtoms.sub(receiver).convert('i32')),
      end: (receiver, [sum]) => {
        if (sum) counts.store(receiver, sum.sum())
      },
    })
    return b.build()
  })
}

/**
 * Writes a key for every edge, the name of the sender's image, which sorts edges of one receiver by sender and shift: those to atom i
 * from `starts[i] + spareKeys · i` on, and behind them some that are larger than all.
 */
function keysKernel(target: lowering.Target): kernels.Kernel {
  const [lanes, block] = [lanesOf(target), blockOf(target)]
  return kernelOnce(`neighbors keys ${lanes} ${block} ${target.lanes}`, () => {
    const b = new kernels.KernelBuilder('neighbors_keys', { lanes })
    const search = declareSearch(b)
    const starts = b.buffer('starts', 'i32', 'read', { extent: b.extentOf(search.numAtoms).plus(1) })
    const keys = b.buffer('keys', 'i32', 'write')
    const append = appending(b, keys, target)
    const [images0, images1, images2] = search.grid.images
    const [width1, width2] = [images1.mul(2).add(1), images2.mul(2).add(1)]
    walk(search, block, {
      begin: (receiver) => [starts.load(receiver).convert('index').add(receiver.mul(spareKeys))],
      group: ({ at, near, translation: [t0, t1, t2] }, [place]) => {
        if (!t0 || !t1 || !t2 || !place) throw new RangeError('a translation has three components')
        // Descending translations are ascending shifts.
        const code = images0.sub(t0).mul(width1).add(images1.sub(t1)).mul(width2).add(images2.sub(t2)).convert('i32')
        return [append(place, near, search.names.loadLanes(at).add(code))]
      },
      end: (_, [place]) => {
        for (let k = 0; k < spareKeys; k++) if (place) keys.store(place.add(k), noKey)
      },
    })
    return b.build()
  })
}

/** First receiver, and the one behind the last. */
export type ReceiverRange = readonly [first: number, end: number]

type Launch = (grid: NeighborGrid, range: ReceiverRange, buffers: readonly lowering.Slot[], target: lowering.Target) => lowering.PlannedLaunch

function launchWalk(kernelOf: (target: lowering.Target) => kernels.Kernel): Launch {
  return (grid, [first, end], buffers, target) => {
    const count = end - first
    const cost = { flops: 1000 * count, bytes: 4000 * count }
    return { kernel: kernelOf(target), grid: [Math.ceil(count / blockOf(target))], parameters: searchParameters(grid, first, end), buffers, ...cost }
  }
}

/** Receivers are numbered in the order of bins. Buffers: those of a search, then counts and coincident. */
export const launchCount = /* @__PURE__ */ launchWalk(countKernel)

/** The same, but at the end starts and keys. */
export const launchKeys = /* @__PURE__ */ launchWalk(keysKernel)
