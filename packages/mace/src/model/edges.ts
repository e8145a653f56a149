import { reshape, scan, slice, take, type NDArray } from '@equivar/engine'
import type { ChunkArrays, GraphArrays } from './graph.ts'
import type { RadialOutput } from './radial.ts'

/** Edges as sums over them see them, E in number. */
export interface Edges {
  /** [E] int32, nodes. */
  readonly senders: NDArray
  readonly receivers: NDArray
  /** [E] int32, what is summed over the edges of a receiver goes to this row of `numRows`. */
  readonly rows: NDArray
  readonly numRows: number
  /** Of such sums the rows of nodes. */
  readonly ofNodes: (sums: NDArray) => NDArray
  /** [E] Å */
  readonly lengths: NDArray
  /** [E, …] spherical harmonics. */
  readonly harmonics: NDArray
  readonly radial: RadialOutput
}

/** What a model makes of edge vectors. */
export type EdgeFeatures = Pick<Edges, 'lengths' | 'harmonics' | 'radial'>

/** Of edges, `pairs` among them included. */
export type EdgeEmbedding = (edges: Pick<GraphArrays, 'vectors' | 'senders' | 'receivers' | 'pairs'>) => EdgeFeatures

/** For nodes, with the edges that end at them: arrays with a row a node, from rows of others and from edges. */
export type ForNodes = (arrays: readonly NDArray[], f: (edges: Edges, ...rows: NDArray[]) => readonly NDArray[]) => readonly NDArray[]

/** All nodes together. */
export function atOnce({ senders, receivers, numNodes }: GraphArrays, features: EdgeFeatures): ForNodes {
  const edges: Edges = { senders, receivers, rows: receivers, numRows: numNodes, ofNodes: (sums) => sums, ...features }
  return (arrays, f) => f(edges, ...arrays)
}

/** Some nodes after others, so that what belongs to edges exists for one chunk of them at a time. Derivatives compute it again. */
export function inChunks({ vectors, senders, receivers }: GraphArrays, { nodes, places, edges, rows }: ChunkArrays, embed: EdgeEmbedding): ForNodes {
  const columns = [take(vectors, edges), take(senders, edges), take(receivers, edges), rows]
  const [numChunks = 0, perChunk = 0] = nodes.shape
  return (arrays, f) => {
    const chunk = (ownVectors: NDArray, ownSenders: NDArray, ownReceivers: NDArray, ownRows: NDArray, ...own: NDArray[]) => {
      const ends = { vectors: ownVectors, senders: ownSenders, receivers: ownReceivers }
      // A row more takes in the edges of other nodes, which fill the chunk.
      const ofNodes = (sums: NDArray) => slice(sums, sums.shape.map(() => 0), [perChunk, ...sums.shape.slice(1)])
      return f({ ...ends, rows: ownRows, numRows: perChunk + 1, ofNodes, ...embed({ ...ends, pairs: undefined }) }, ...own)
    }
    const { results } = scan(chunk, [], [...columns, ...arrays.map((x) => take(x, nodes))])
    return results.map((x) => take(reshape(x, [numChunks * perChunk, ...x.shape.slice(2)]), places))
  }
}
