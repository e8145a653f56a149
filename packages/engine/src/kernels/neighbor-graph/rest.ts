import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { movingLanes } from '../algorithms/lanes.ts'
import { kernelOnce } from '../kernel-cache.ts'
import { declareSums } from './counts.ts'
import type { GraphSizes } from './edges.ts'

const block = 1024

/** Parameters and what there is of edges and pairs, for kernels whose lanes are edges or pairs. */
function declareRest(name: string, target: lowering.Target) {
  const b = new kernels.KernelBuilder(name, { lanes: movingLanes(8, target) })
  const [numAtoms, numImages, numPairs] = [b.parameter('numAtoms', 'index'), b.parameter('numImages', 'index'), b.parameter('numPairs', 'index')]
  const sums = declareSums(b, numAtoms, numPairs.mul(2))
  const none = b.constant('index', 0)
  const edges = b.extentOf(numPairs).times(2)
  return { b, numAtoms, numImages, numPairs, sums, edges, numEdges: sums.fits.select(sums.numEdges, none), usedPairs: sums.fits.select(sums.numPairs, none) }
}

/** Edges that are none: rows that exist, so that what is computed of them can be, and orders in which they stand behind all others. */
function restOfEdgesKernel(target: lowering.Target): kernels.Kernel {
  return kernelOnce(`neighbor graph rest of edges ${movingLanes(8, target)}`, () => {
    const { b, numAtoms, numImages, numPairs, edges, numEdges } = declareRest('neighbor_graph_rest_of_edges', target)
    const buffer = (name: string) => b.buffer(name, 'i32', 'write', { extent: edges })
    const lastAtom = numAtoms.sub(1).convert('i32')
    const padded = [
      [buffer('senders'), lastAtom],
      [buffer('receivers'), lastAtom],
      [buffer('images'), numImages.div(2).convert('i32')],
      [buffer('pairOfEdge'), numPairs.sub(1).convert('i32')],
    ] as const
    const [reverse, pairEntries, identity] = [buffer('reverse'), buffer('pairEntries'), buffer('identity')]
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(numPairs.mul(2)), { step: b.lanes }, (first) => {
      const edge = first.add(b.lane())
      const isInside = edge.less(numPairs.mul(2))
      const mask = isInside.and(edge.greaterEqual(numEdges))
      const number = edge.convert('i32')
      for (const [memory, value] of padded) memory.store(edge, value, { mask })
      reverse.store(edge, number, { mask })
      pairEntries.store(edge, number, { mask })
      identity.store(edge, number, { mask: isInside })
    })
    return b.build()
  })
}

/** The same of pairs, where the edges of every pair begin, and what became of the search. */
function restOfPairsKernel(target: lowering.Target): kernels.Kernel {
  return kernelOnce(`neighbor graph rest of pairs ${movingLanes(8, target)}`, () => {
    const { b, numPairs, sums, edges, numEdges, usedPairs } = declareRest('neighbor_graph_rest_of_pairs', target)
    const pairs = b.extentOf(numPairs)
    const edgeOfPair = b.buffer('edgeOfPair', 'i32', 'write', { extent: pairs })
    const pairStarts = b.buffer('pairStarts', 'i32', 'write', { extent: pairs.plus(1) })
    const edgeStarts = b.buffer('edgeStarts', 'i32', 'write', { extent: edges.plus(1) })
    const status = b.buffer('status', 'i32', 'write', { extent: 3 })
    b.branch(b.programId().equal(0), () => {
      for (const [k, value] of [sums.numEdges, sums.excess, sums.coincident].entries()) status.store(k, value.convert('i32'))
    })
    const lastEdge = numPairs.mul(2).sub(1).convert('i32')
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(numPairs.mul(2).add(1)), { step: b.lanes }, (first) => {
      const own = first.add(b.lane())
      const isUnused = own.greaterEqual(usedPairs)
      edgeOfPair.store(own, lastEdge, { mask: own.less(numPairs).and(isUnused) })
      pairStarts.store(own, own.mul(2).min(numEdges).convert('i32'), { mask: own.lessEqual(numPairs) })
      edgeStarts.store(own, usedPairs.convert('i32'), { mask: own.lessEqual(numPairs.mul(2)).and(own.greaterEqual(numEdges)) })
    })
    return b.build()
  })
}

function launchRest(kernel: kernels.Kernel, sizes: GraphSizes, count: number, buffers: readonly lowering.Slot[]): lowering.PlannedLaunch {
  const { numAtoms, numImages, numPairs } = sizes
  const cost = { flops: count, bytes: 8 * count }
  return { kernel, grid: [Math.ceil(count / block)], parameters: [numAtoms, numImages, numPairs], buffers, ...cost }
}

/** Buffers: sums of counts, senders, receivers, images, pairs of edges, reverse edges, entries of pairs, identity. */
export function launchRestOfEdges(sizes: GraphSizes, buffers: readonly lowering.Slot[], target: lowering.Target): lowering.PlannedLaunch {
  return launchRest(restOfEdgesKernel(target), sizes, 2 * sizes.numPairs, buffers)
}

/** Buffers: sums of counts, edges of pairs, starts of pairs, pairs before edges, status. */
export function launchRestOfPairs(sizes: GraphSizes, buffers: readonly lowering.Slot[], target: lowering.Target): lowering.PlannedLaunch {
  return launchRest(restOfPairsKernel(target), sizes, 2 * sizes.numPairs + 1, buffers)
}
