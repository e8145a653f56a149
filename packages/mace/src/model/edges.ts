import { scan, slice, take, reshape, type NDArray } from '@equivar/engine'
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

/** Arrays with a row a node, from a function that gives them with `numRows` rows. */
export type OverEdges = (f: (edges: Edges) => readonly NDArray[]) => readonly NDArray[]

/** All edges together. */
export function atOnce({ senders, receivers, numNodes }: GraphArrays, features: EdgeFeatures): OverEdges {
  const edges: Edges = { senders, receivers, rows: receivers, numRows: numNodes, ...features }
  return (f) => f(edges)
}

/**
 * The edges of some nodes after those of others, so that what belongs to edges exists for one chunk of them at a time. Derivatives compute it again.
 */
export function inChunks(graph: GraphArrays, { numNodes: perChunk, edges, rows }: ChunkArrays, embed: EdgeEmbedding): OverEdges {
  const { vectors, senders, receivers, numNodes } = graph
  const columns = [take(vectors, edges), take(senders, edges), take(receivers, edges), rows]
  const numChunks = edges.shape[0] ?? 0
  const first = (x: NDArray, count: number) => slice(x, x.shape.map(() => 0), [count, ...x.shape.slice(1)])
  return (f) => {
    const chunk = (ownVectors: NDArray, ownSenders: NDArray, ownReceivers: NDArray, ownRows: NDArray) => {
      const own = { vectors: ownVectors, senders: ownSenders, receivers: ownReceivers }
      // A row more takes in the edges of other nodes, which fill the chunk.
      const results = f({ ...own, rows: ownRows, numRows: perChunk + 1, ...embed({ ...own, pairs: undefined }) })
      return results.map((x) => first(x, perChunk))
    }
    const { results } = scan(chunk, [], columns)
    return results.map((x) => first(reshape(x, [numChunks * perChunk, ...x.shape.slice(2)]), numNodes))
  }
}
