import { InputError } from '@equivar/core'
import type { NDArray } from '../array/ndarray.ts'
import { apply } from '../graph/apply.ts'
import { neighborGraphPlan } from '../kernels/neighbor-graph/plan.ts'

/** The integers of `NeighborPoints` as arrays. */
export interface NeighborGraphInputs {
  readonly points: NDArray
  readonly places: NDArray
  readonly binStarts: NDArray
  readonly grid: NDArray
  readonly shifts: NDArray
}

export interface NeighborGraphRoom {
  /** Pairs of an edge and its reverse. */
  readonly numPairs: number
  /** Edges to one atom. */
  readonly slots: number
}

/** Edges that a program found, int32. E is twice the number of pairs for which there is room; what is behind the last edge fills arrays. */
export interface NeighborGraph {
  /** [E] */
  readonly senders: NDArray
  /** [E], ascending. */
  readonly receivers: NDArray
  /** [E], the row of `shifts` that is added to `r[receiver] − r[sender]`. */
  readonly images: NDArray
  /** [E], the pair that an edge and its reverse are. */
  readonly pairOfEdge: NDArray
  /** [E / 2], one edge of every pair. */
  readonly edgeOfPair: NDArray
  /** [3]: edges, edges for which an atom has no slot, edges between atoms at the same point. If there is no room for all there are none. */
  readonly status: NDArray
}

/**
 * All pairs of atoms nearer than the cutoff, `|r[receiver] − r[sender] + shift[image]| < cutoff`, as arrays of a program: sorted by receiver,
 * sender and image, with their orders, so that sums by these index arrays (`segmentSum`, polynomials with indexed operands) have the edges
 * that there are and nothing else. Whatever else is computed of the rest has no meaning. Whether all found room is for the caller to
 * read: `status` is `[number of edges, 0, 0]`, the first not above twice `numPairs`, or the results are those of no edges.
 *
 * @throws {InputError} outside of a function that is compiled, where the rest would be summed, or if room is no positive integer.
 * @throws {ShapeError} if the arrays are not those of `neighborPoints`.
 */
export function neighborGraph({ points, places, binStarts, grid, shifts }: NeighborGraphInputs, room: NeighborGraphRoom): NeighborGraph {
  if (!points.isAbstract) throw new InputError('neighborGraph: only programs keep what fills arrays out of sums; call it in compile(…), or use findNeighbors')
  const [senders, receivers, images, pairOfEdge, edgeOfPair, status] = apply('neighborGraph', [points, places, binStarts, grid, shifts], { ...room, plan: neighborGraphPlan })
  if (!senders || !receivers || !images || !pairOfEdge || !edgeOfPair || !status) throw new RangeError('a graph of neighbours has six arrays')
  return { senders, receivers, images, pairOfEdge, edgeOfPair, status }
}
