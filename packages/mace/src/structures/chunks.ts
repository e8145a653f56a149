import { range, rowOrder } from '@equivar/core'
import type { GraphBatch } from './collate.ts'

/** K chunks of as many nodes each, and L places in each for the edges that end at its nodes, as many as the chunk with the most of them has. */
export interface EdgeChunks {
  readonly numChunks: number
  readonly numPlaces: number
  /** [K, nodes a chunk], node 0 behind the last one. */
  readonly nodes: Int32Array
  /** [N], where every node is in `nodes`. */
  readonly places: Int32Array
  /** [K, L], edge 0 in places that are left over. */
  readonly edges: Int32Array
  /** [K, L], the receiver's place within its chunk; the number of nodes a chunk in places that are left over. */
  readonly rows: Int32Array
}

/** Chunks of a batch, in the order of nodes, and in them edges in the order of receivers. The batch has nodes and edges. */
export function chunkEdges({ numNodes, receivers }: Pick<GraphBatch, 'numNodes' | 'receivers'>, nodesPerChunk: number): EdgeChunks {
  const { starts, entries } = rowOrder(receivers, numNodes)
  const numChunks = Math.ceil(numNodes / nodesPerChunk)
  const first = (chunk: number) => starts[Math.min(chunk * nodesPerChunk, numNodes)] ?? 0
  const numPlaces = Math.max(1, ...range(numChunks).map((chunk) => first(chunk + 1) - first(chunk)))
  const nodes = Int32Array.from({ length: numChunks * nodesPerChunk }, (_, place) => (place < numNodes ? place : 0))
  const edges = new Int32Array(numChunks * numPlaces)
  const rows = new Int32Array(numChunks * numPlaces).fill(nodesPerChunk)
  for (let chunk = 0; chunk < numChunks; chunk++)
    for (let k = first(chunk), place = chunk * numPlaces; k < first(chunk + 1); k++, place++) {
      const edge = entries[k] ?? 0
      edges[place] = edge
      rows[place] = (receivers[edge] ?? 0) - chunk * nodesPerChunk
    }
  return { numChunks, numPlaces, nodes, places: nodes.slice(0, numNodes), edges, rows }
}
