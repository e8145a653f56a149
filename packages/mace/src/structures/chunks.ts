import { rowOrder } from '@equivar/core'
import type { GraphBatch } from './collate.ts'

/** Nodes in chunks of equal number, and places for the edges into each, as many as the chunk with the most of them has. */
export interface EdgeChunks {
  /** Chunks and places: the shape of the arrays. */
  readonly shape: readonly [numChunks: number, numPlaces: number]
  /** The edge of every place; edge 0 in those that are left over. */
  readonly edges: Int32Array
  /** Its receiver, counted from the first node of the chunk; `nodesPerChunk` in places that are left over. */
  readonly rows: Int32Array
}

/** Chunks of a batch, in the order of nodes, and in them edges in the order of receivers. The batch has nodes and edges. */
export function chunkEdges({ numNodes, receivers }: Pick<GraphBatch, 'numNodes' | 'receivers'>, nodesPerChunk: number): EdgeChunks {
  const { starts, entries } = rowOrder(receivers, numNodes)
  const numChunks = Math.ceil(numNodes / nodesPerChunk)
  const first = (chunk: number) => starts[Math.min(chunk * nodesPerChunk, numNodes)] ?? 0
  let numPlaces = 1
  for (let chunk = 0; chunk < numChunks; chunk++) numPlaces = Math.max(numPlaces, first(chunk + 1) - first(chunk))
  const edges = new Int32Array(numChunks * numPlaces)
  const rows = new Int32Array(numChunks * numPlaces).fill(nodesPerChunk)
  for (let chunk = 0; chunk < numChunks; chunk++)
    for (let k = first(chunk), place = chunk * numPlaces; k < first(chunk + 1); k++, place++) {
      const edge = entries[k] ?? 0
      edges[place] = edge
      rows[place] = (receivers[edge] ?? 0) - chunk * nodesPerChunk
    }
  return { shape: [numChunks, numPlaces], edges, rows }
}
