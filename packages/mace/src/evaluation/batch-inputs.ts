import { InputError } from '@equivar/core'
import { array, type FloatDType, type NDArray } from '@equivar/engine'
import type { MaceArchitecture } from '../definition.ts'
import type { ChunkArrays, GraphArrays } from '../model/graph.ts'
import { chemicalSymbol, type GraphBatch, type Structure } from '../structures/index.ts'
import { chunkEdges } from '../structures/chunks.ts'
import { pairEdges } from '../structures/pairs.ts'
import { jointFeatures } from './joint-features.ts'

/** Edge vectors of a batch, Å, shape (E, 3): `r[receiver] − r[sender] + unitShift · cell`, always in float64. */
export function edgeVectors({ numEdges, positions, senders, receivers, unitShifts, cells, batch }: GraphBatch): Float64Array {
  const vectors = new Float64Array(3 * numEdges)
  for (let e = 0; e < numEdges; e++) {
    const [sender, receiver] = [senders[e] ?? 0, receivers[e] ?? 0]
    const cell = 9 * (batch[sender] ?? 0)
    for (let axis = 0; axis < 3; axis++) {
      let shift = 0
      for (let k = 0; k < 3; k++) shift += (unitShifts[3 * e + k] ?? 0) * (cells[cell + 3 * k + axis] ?? 0)
      vectors[3 * e + axis] = (positions[3 * receiver + axis] ?? 0) - (positions[3 * sender + axis] ?? 0) + shift
    }
  }
  return vectors
}

/** Position of every atom's element among the model's elements. @throws {InputError} if the model does not know an element. */
export function speciesOf(atomicNumbers: Int32Array, known: readonly number[]): Int32Array {
  const index: (number | undefined)[] = []
  for (const [species, z] of known.entries()) index[z] = species
  return atomicNumbers.map((z, atom) => {
    const species = index[z]
    if (species === undefined)
      throw new InputError(`atom ${atom} is ${chemicalSymbol(z)}, but the model knows only ${known.map(chemicalSymbol).join(', ')}; use a model trained on this element`)
    return species
  })
}

export interface GraphOptions {
  readonly head: number
  readonly dtype: FloatDType
  /** Compute what depends on the distance alone once for an edge and its reverse. Then only sums over both have a meaning. */
  readonly paired: boolean
  /** Nodes whose edges are evaluated together, if not all are; then edges have no pairs. */
  readonly nodesPerChunk?: number | undefined
}

/** The arrays of a batch on the engine's device; `vectors` is given, because derivatives may be taken through it. */
export function graphArrays(
  batch: GraphBatch,
  vectors: NDArray,
  structures: readonly Structure[],
  architecture: MaceArchitecture,
  { head, dtype, paired, nodesPerChunk }: GraphOptions,
): GraphArrays {
  const pairs = paired && nodesPerChunk === undefined ? pairEdges(batch) : null
  return {
    numNodes: batch.numNodes,
    vectors,
    senders: array(batch.senders),
    receivers: array(batch.receivers),
    pairs: pairs ? { pairOfEdge: array(pairs.pairOfEdge), edgeOfPair: array(pairs.edgeOfPair) } : undefined,
    chunks: nodesPerChunk === undefined ? undefined : chunkArrays(batch, nodesPerChunk),
    ...nodeArrays(batch.atomicNumbers, structures, architecture, { head, dtype }),
  }
}

/** What there is of atoms alone. */
export function nodeArrays(
  atomicNumbers: Int32Array,
  structures: readonly Structure[],
  architecture: MaceArchitecture,
  { head, dtype }: Omit<GraphOptions, 'paired'>,
): Pick<GraphArrays, 'species' | 'atomicNumbers' | 'headMask' | 'features'> {
  const numNodes = atomicNumbers.length
  const numHeads = architecture.heads.length
  const mask = new Float64Array(numNodes * numHeads)
  for (let n = head; n < mask.length; n += numHeads) mask[n] = 1
  return {
    species: array(speciesOf(atomicNumbers, architecture.atomicNumbers)),
    atomicNumbers: array(atomicNumbers),
    headMask: array(mask, { shape: [numNodes, numHeads], dtype }),
    features: jointFeatures(architecture.jointEmbedding, structures, dtype),
  }
}

function chunkArrays(batch: GraphBatch, nodesPerChunk: number): ChunkArrays {
  const { numChunks, numPlaces, nodes, places, edges, rows } = chunkEdges(batch, nodesPerChunk)
  const shape = [numChunks, numPlaces]
  return { nodes: array(nodes, { shape: [numChunks, nodesPerChunk] }), places: array(places), edges: array(edges, { shape }), rows: array(rows, { shape }) }
}
