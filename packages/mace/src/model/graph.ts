import type { NDArray } from '@equivar/engine'

/** See `EdgePairs`; P pairs. */
export interface PairArrays {
  /** [E] int32 */
  readonly pairOfEdge: NDArray
  /** [P] int32 */
  readonly edgeOfPair: NDArray
}

/** See `EdgeChunks`; int32. */
export type ChunkArrays = Readonly<Record<'nodes' | 'places' | 'edges' | 'rows', NDArray>>

/**
 * One batch of structures as the network sees it. N nodes and E directed edges over all structures; messages run from
 * `senders` to `receivers`.
 */
export interface GraphArrays {
  readonly numNodes: number
  /** [E, 3] `r[receiver] − r[sender] + shift`, Å; float64 where the device has it, whatever the dtype of the network. */
  readonly vectors: NDArray
  /** [E] int32 */
  readonly senders: NDArray
  /** [E] int32 */
  readonly receivers: NDArray
  /** Edges and their reverses as pairs, which share what depends on the distance alone. Without it every edge is computed by itself. */
  readonly pairs: PairArrays | undefined
  /** Given if what belongs to edges is to exist for one chunk of nodes at a time. */
  readonly chunks?: ChunkArrays | undefined
  /** [N] int32, position of the element among the model's elements. */
  readonly species: NDArray
  /** [N] int32 */
  readonly atomicNumbers: NDArray
  /** [N, heads]: one in the column of the head that evaluates the atom, else zero. */
  readonly headMask: NDArray
  /** Joint-embedding features by name: categorical [N] int32, continuous [N, inputSize]. */
  readonly features: ReadonlyMap<string, NDArray>
}
