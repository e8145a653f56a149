import { InputError } from '@equivar/core'
import { extendedCell } from './cell.ts'
import type { NeighborList } from './neighbor-list.ts'
import { neighborListAsync, type NeighborListAsyncOptions } from './neighbor-list-async.ts'
import type { Structure } from './structure.ts'

/**
 * Several structures as one graph: nodes and edges laid end to end, node numbers offset, no padding. Edges stay sorted
 * by receiver.
 */
export interface GraphBatch {
  readonly numGraphs: number
  readonly numNodes: number
  readonly numEdges: number
  /** Z of every node, shape (numNodes). */
  readonly atomicNumbers: Int32Array
  /** Å, shape (numNodes, 3). */
  readonly positions: Float64Array
  /** Graph of every node, ascending, shape (numNodes). */
  readonly batch: Int32Array
  /** Nodes of graph g are `nodeOffsets[g]` … `nodeOffsets[g + 1] − 1`, shape (numGraphs + 1). */
  readonly nodeOffsets: Int32Array
  /** Edges of graph g, likewise. */
  readonly edgeOffsets: Int32Array
  /** Node numbers within the batch, shape (numEdges); `vector = r[receiver] − r[sender] + unitShift · cell[graph]`. */
  readonly senders: Int32Array
  /** Ascending. */
  readonly receivers: Int32Array
  /** Shape (numEdges, 3). */
  readonly unitShifts: Int32Array
  /** Extended cells, rows are lattice vectors, Å, shape (numGraphs, 3, 3). */
  readonly cells: Float64Array
}

export interface CollateOptions extends NeighborListAsyncOptions {
  /** How errors call a structure, by its position. Default: its number, where there is more than one. */
  readonly nameOf?: ((index: number) => string | undefined) | undefined
}

/**
 * Neighbour lists of all structures, joined into one batch.
 *
 * @param cutoff Å.
 * @throws InputError as the neighbour list does, naming the structure, and when there is no structure.
 * @throws the signal's reason once it is aborted.
 */
export async function collate(structures: readonly Structure[], cutoff: number, options: CollateOptions = {}): Promise<GraphBatch> {
  if (structures.length === 0) throw new InputError('a batch needs at least one structure')
  const nameOf = options.nameOf ?? ((index) => (structures.length > 1 ? `structure ${index}` : undefined))
  const lists: NeighborList[] = []
  for (const [index, structure] of structures.entries()) {
    lists.push(await namingStructure(nameOf(index), () => neighborListAsync(structure, cutoff, options)))
  }
  const nodeOffsets = offsets(structures.map((s) => s.numAtoms))
  const edgeOffsets = offsets(lists.map((l) => l.numEdges))
  const numNodes = nodeOffsets[structures.length] ?? 0
  const numEdges = edgeOffsets[structures.length] ?? 0
  const result = {
    numGraphs: structures.length,
    numNodes,
    numEdges,
    atomicNumbers: new Int32Array(numNodes),
    positions: new Float64Array(3 * numNodes),
    batch: new Int32Array(numNodes),
    nodeOffsets,
    edgeOffsets,
    ...joinLists(lists, nodeOffsets, edgeOffsets),
    cells: new Float64Array(9 * structures.length),
  }
  for (const [graph, structure] of structures.entries()) {
    const node = nodeOffsets[graph] ?? 0
    result.atomicNumbers.set(structure.atomicNumbers, node)
    result.positions.set(structure.positions, 3 * node)
    result.batch.fill(graph, node, node + structure.numAtoms)
    result.cells.set(extendedCell(structure, cutoff), 9 * graph)
  }
  return result
}

/** The lists laid end to end. One alone stays where it is: it may be most of the memory. */
function joinLists(lists: readonly NeighborList[], nodeOffsets: Int32Array, edgeOffsets: Int32Array): Omit<NeighborList, 'numEdges'> {
  const [first] = lists
  if (first && lists.length === 1) return { senders: first.senders, receivers: first.receivers, unitShifts: first.unitShifts }
  const numEdges = edgeOffsets[lists.length] ?? 0
  const joined = { senders: new Int32Array(numEdges), receivers: new Int32Array(numEdges), unitShifts: new Int32Array(3 * numEdges) }
  for (const [graph, list] of lists.entries()) {
    const [node, edge] = [nodeOffsets[graph] ?? 0, edgeOffsets[graph] ?? 0]
    joined.unitShifts.set(list.unitShifts, 3 * edge)
    for (let e = 0; e < list.numEdges; e++) {
      joined.senders[edge + e] = (list.senders[e] ?? 0) + node
      joined.receivers[edge + e] = (list.receivers[e] ?? 0) + node
    }
  }
  return joined
}

async function namingStructure<T>(name: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (name !== undefined && error instanceof InputError) throw new InputError(`${name}: ${error.message}`, { cause: error })
    throw error
  }
}

function offsets(counts: readonly number[]): Int32Array {
  const result = new Int32Array(counts.length + 1)
  let total = 0
  counts.forEach((count, index) => {
    total += count
    if (total > 2 ** 31 - 1) throw new InputError('the batch has more than 2^31 edges or nodes; use smaller batches')
    result[index + 1] = total
  })
  return result
}
