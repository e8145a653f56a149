import type { GraphBatch } from './collate.ts'

/** Edges that are each other's reverse, `v` and `−v`, as one pair: what depends on the distance alone is the same for both. */
export interface EdgePairs {
  /** Pair of every edge, shape (numEdges). */
  readonly pairOfEdge: Int32Array
  /** One edge of every pair, ascending, shape (numPairs). */
  readonly edgeOfPair: Int32Array
}

/**
 * Pairs of a batch whose every edge has its reverse: sender and receiver exchanged, unit shift negated. `null` if one has none.
 *
 * Edges are sorted by receiver, so the reverse of an edge is looked for among the edges that end at its sender.
 */
export function pairEdges({ numEdges, numNodes, senders, receivers, unitShifts }: GraphBatch): EdgePairs | null {
  if (numEdges % 2 !== 0) return null
  const starts = new Int32Array(numNodes + 1)
  for (const receiver of receivers) starts[receiver + 1] = (starts[receiver + 1] ?? 0) + 1
  for (let node = 0; node < numNodes; node++) starts[node + 1] = (starts[node + 1] ?? 0) + (starts[node] ?? 0)

  const pairOfEdge = new Int32Array(numEdges).fill(-1)
  const edgeOfPair = new Int32Array(numEdges / 2)
  let numPairs = 0
  for (let edge = 0; edge < numEdges; edge++) {
    if ((pairOfEdge[edge] ?? 0) >= 0) continue
    const [sender, receiver] = [senders[edge] ?? 0, receivers[edge] ?? 0]
    const [x, y, z] = [unitShifts[3 * edge] ?? 0, unitShifts[3 * edge + 1] ?? 0, unitShifts[3 * edge + 2] ?? 0]
    const end = starts[sender + 1] ?? 0
    let other = starts[sender] ?? 0
    for (; other < end; other++) {
      if (senders[other] !== receiver || pairOfEdge[other] !== -1 || other === edge) continue
      if (unitShifts[3 * other] === -x && unitShifts[3 * other + 1] === -y && unitShifts[3 * other + 2] === -z) break
    }
    if (other === end) return null
    pairOfEdge[edge] = numPairs
    pairOfEdge[other] = numPairs
    edgeOfPair[numPairs++] = edge
  }
  return { pairOfEdge, edgeOfPair }
}
