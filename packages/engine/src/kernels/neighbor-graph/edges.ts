import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import { blockOf, lanesOf } from '../neighbor-list/candidates.ts'
import { spareKeys } from '../neighbor-list/search.ts'
import { declareSums } from './counts.ts'
import type { WalkSizes } from './walk.ts'

type Expression = kernels.Expression

interface AtomRange {
  readonly b: kernels.KernelBuilder
  readonly parameters: { readonly numAtoms: Expression; readonly slots: Expression; readonly numImages: Expression; readonly numPairs: Expression }
  /** For every atom of the program. */
  readonly eachAtom: (body: (atom: Expression) => void) => void
}

function overAtoms(name: string, target: lowering.Target): AtomRange {
  const b = new kernels.KernelBuilder(name, { lanes: lanesOf(target) })
  const index = (parameter: string) => b.parameter(parameter, 'index')
  const parameters = { numAtoms: index('numAtoms'), slots: index('slots'), numImages: index('numImages'), numPairs: index('numPairs') }
  const block = blockOf(target)
  const start = b.programId().mul(block)
  return { b, parameters, eachAtom: (body) => b.loop(start, start.add(block).min(parameters.numAtoms), {}, body) }
}

/**
 * Puts edges in the order of receivers, senders and images: counts the keys of a receiver that are smaller. `starts` are those of the
 * edges to every atom, 0 where nothing fits.
 */
function placeKernel(target: lowering.Target): kernels.Kernel {
  return kernelOnce(`neighbor graph place ${lanesOf(target)} ${blockOf(target)}`, () => {
    const { b, parameters, eachAtom } = overAtoms('neighbor_graph_place', target)
    const { numAtoms, slots, numImages, numPairs } = parameters
    const sums = declareSums(b, numAtoms, numPairs.mul(2))
    const keys = b.buffer('keys', 'i32', 'read')
    const edges = b.extentOf(numPairs).times(2)
    const [sorted, senders, receivers, images] = ['sorted', 'senders', 'receivers', 'images'].map((name) => b.buffer(name, 'i32', 'write', { extent: edges }))
    const starts = b.buffer('starts', 'i32', 'write', { extent: b.extentOf(numAtoms).plus(1) })
    const one = b.constant('i32', 1)
    const none = b.constant('index', 0)
    const numCodes = numImages.convert('i32')
    b.branch(b.programId().equal(0), () => {
      starts.store(numAtoms, sums.fits.select(sums.numEdges, none).convert('i32'))
    })
    eachAtom((receiver) => {
      const [from, to] = [sums.edgesBefore(receiver), sums.edgesBefore(receiver.add(1))]
      starts.store(receiver, sums.fits.select(from, none).convert('i32'))
      const count = sums.fits.select(to.sub(from), none)
      const first = receiver.mul(slots)
      b.loop(0, count, { step: b.lanes }, (at) => {
        const active = count.sub(at)
        const mask = b.lane().less(active)
        const key = keys.loadLanes(first.add(at), { active })
        // What stands behind the last key is larger than all.
        const [rank] = b.loop(0, count, { step: spareKeys, carry: [kernels.varying(b.constant('i32', 0))] }, (other, [before]) => {
          let sum = before
          for (let k = 0; k < spareKeys; k++) sum = sum.add(keys.load(first.add(other).add(k)).less(key).select(one, 0))
          return [sum]
        })
        const edge = from.add(rank.convert('index'))
        const sender = key.div(numCodes)
        sorted?.store(edge, key, { mask })
        senders?.store(edge, sender, { mask })
        images?.store(edge, key.sub(sender.mul(numCodes)), { mask })
        receivers?.store(edge, receiver.convert('i32'), { mask })
      })
    })
    return b.build()
  })
}

/**
 * Finds the reverse of every edge among those that end at its sender, and numbers pairs by the edges that come first. Writes the edges of
 * every pair, and the number of pairs that begin before every edge.
 */
function linkKernel(target: lowering.Target): kernels.Kernel {
  return kernelOnce(`neighbor graph link ${lanesOf(target)} ${blockOf(target)}`, () => {
    const { b, parameters, eachAtom } = overAtoms('neighbor_graph_link', target)
    const { numAtoms, numImages, numPairs } = parameters
    const halvings = b.parameter('halvings', 'index')
    const sums = declareSums(b, numAtoms, numPairs.mul(2))
    const [pairs, edges] = [b.extentOf(numPairs), b.extentOf(numPairs).times(2)]
    const starts = b.buffer('starts', 'i32', 'read', { extent: b.extentOf(numAtoms).plus(1) })
    const sorted = b.buffer('sorted', 'i32', 'read', { extent: edges })
    const reverse = b.buffer('reverse', 'i32', 'write', { extent: edges })
    const pairOfEdge = b.buffer('pairOfEdge', 'i32', 'write', { extent: edges })
    const edgeOfPair = b.buffer('edgeOfPair', 'i32', 'write', { extent: pairs })
    const pairEntries = b.buffer('pairEntries', 'i32', 'write', { extent: edges })
    const edgeStarts = b.buffer('edgeStarts', 'i32', 'write', { extent: edges.plus(1) })
    const numCodes = numImages.convert('i32')
    eachAtom((receiver) => {
      const [from, to] = [starts.load(receiver).convert('index'), starts.load(receiver.add(1)).convert('index')]
      const firstPair = sums.pairsBefore(receiver)
      const numForward = sums.pairsBefore(receiver.add(1)).sub(firstPair)
      b.loop(0, to.sub(from), { step: b.lanes }, (at) => {
        const position = at.add(b.lane())
        const edge = from.add(position)
        const mask = edge.less(to)
        const key = sorted.load(edge, { mask })
        const sender = key.div(numCodes)
        const reversedImage = numCodes.sub(1).sub(key.sub(sender.mul(numCodes)))
        const wanted = receiver.convert('i32').mul(numCodes).add(reversedImage)
        const low = starts.load(sender.convert('index'), { mask }).convert('index')
        const high = starts.load(sender.convert('index').add(1), { mask }).convert('index')
        const [found] = b.loop(0, halvings, { carry: [low, high] }, (_, [lower, upper]) => {
          const middle = lower.add(upper).div(2)
          const isOpen = lower.less(upper)
          const isBelow = sorted.load(middle, { mask: isOpen }).less(wanted)
          return [isOpen.and(isBelow).select(middle.add(1), lower), isOpen.and(isBelow.not()).select(middle, upper)]
        })
        const other = found.min(numPairs.mul(2).sub(1))
        const isFirst = mask.and(position.less(numForward))
        const pair = isFirst.select(firstPair.add(position), sums.pairsBefore(sender.convert('index')).add(other.sub(low))).min(numPairs.sub(1))
        const [edgeNumber, otherNumber, pairNumber] = [edge, other, pair].map((x) => x.convert('i32'))
        if (!edgeNumber || !otherNumber || !pairNumber) throw new RangeError('an edge, its reverse and a pair')
        reverse.store(edge, otherNumber, { mask })
        pairOfEdge.store(edge, pairNumber, { mask })
        edgeOfPair.store(pair, edgeNumber, { mask: isFirst })
        pairEntries.store(pair.mul(2), edgeNumber, { mask: isFirst })
        pairEntries.store(pair.mul(2).add(1), otherNumber, { mask: isFirst })
        edgeStarts.store(edge, firstPair.add(position.min(numForward)).convert('i32'), { mask })
      })
    })
    return b.build()
  })
}

export interface GraphSizes extends WalkSizes {
  /** Pairs of edges for which there is room. */
  readonly numPairs: number
}

/** Buffers: sums of counts, keys, sorted keys, senders, receivers, images, starts. */
export function launchPlace(sizes: GraphSizes, buffers: readonly lowering.Slot[], target: lowering.Target): lowering.PlannedLaunch {
  return launchOverAtoms(placeKernel(target), sizes, [], buffers, target)
}

/** Buffers: sums of counts, starts, sorted keys, reverse edges, pairs of edges, edges of pairs, entries of pairs, pairs before edges. */
export function launchLink(sizes: GraphSizes, buffers: readonly lowering.Slot[], target: lowering.Target): lowering.PlannedLaunch {
  return launchOverAtoms(linkKernel(target), sizes, [Math.ceil(Math.log2(sizes.slots + 1))], buffers, target)
}

function launchOverAtoms(
  kernel: kernels.Kernel,
  { numAtoms, slots, numImages, numPairs }: GraphSizes,
  others: readonly number[],
  buffers: readonly lowering.Slot[],
  target: lowering.Target,
): lowering.PlannedLaunch {
  const cost = { flops: 100 * numPairs, bytes: 40 * numPairs }
  return { kernel, grid: [Math.ceil(numAtoms / blockOf(target))], parameters: [numAtoms, slots, numImages, numPairs, ...others], buffers, ...cost }
}
