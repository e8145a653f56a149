import type { Capabilities } from '@equivar/core'
import { InputError } from '@equivar/core'
import type { FloatDType } from '@equivar/engine'
import type { MaceArchitecture } from '../definition.ts'
import { maceIrreps } from '../model/irreps.ts'
import type { GraphBatch } from '../structures/index.ts'

/**
 * How much memory an evaluation may take. `'full'`: everything that belongs to edges is kept for derivatives. `'low'`: it exists for some of the
 * atoms at a time and is computed again for derivatives, so that memory hardly grows with the number of edges. `'auto'`: `'low'` where the
 * device would not hold the rest.
 */
export type MemoryUse = 'auto' | 'full' | 'low'

/** @throws {InputError} for an unknown choice. */
export function requireMemoryUse(memory: MemoryUse): void {
  if (!['auto', 'full', 'low'].includes(memory)) throw new InputError(`Mace: memory '${memory}' is unknown; use 'auto', 'full' or 'low'`)
}

/** What decides how an evaluation goes about memory. */
export interface MemoryRequest {
  readonly memory: MemoryUse
  readonly architecture: MaceArchitecture
  readonly dtype: FloatDType
  /** Of the device; without kernels nothing is known of it. */
  readonly capabilities: Pick<Capabilities, 'lanes' | 'maxBufferBytes' | 'maxBindingBytes'> | undefined
}

/** Share of a device that an evaluation may plan to fill. */
const usableShare = 0.7
/** Bytes for what belongs to the edges of a chunk: enough to keep a device busy. */
const chunkBytes = { gpu: 2 ** 29, simd: 2 ** 26 } as const
/** A chunk takes no more than this part of a device. */
const chunkShare = 1 / 32
const leastNodes = 32

/** Nodes whose edges are evaluated together, a power of two; `undefined` if all are. */
export function nodesPerChunk({ memory, architecture, dtype, capabilities }: MemoryRequest, { numNodes, numEdges }: Pick<GraphBatch, 'numNodes' | 'numEdges'>): number | undefined {
  if (memory === 'full' || numEdges === 0) return undefined
  const numberBytes = dtype === 'float64' ? 8 : 4
  const available = capabilities?.maxBufferBytes ?? Infinity
  const largestArray = capabilities?.maxBindingBytes ?? available
  const { kept, passing, ofNode, largest } = numbersOf(architecture)
  // An edge shares with its reverse.
  const needed = numberBytes * ((numEdges / 2) * (kept + passing) + numNodes * ofNode)
  const isRoom = needed <= usableShare * available && numberBytes * (numEdges / 2) * largest <= largestArray
  if (memory === 'auto' && isRoom) return undefined
  const room = Math.min(chunkBytes[capabilities?.lanes ?? 'simd'], chunkShare * available, largestArray)
  const fitting = room / ((numberBytes * passing * numEdges) / numNodes)
  const nodes = 2 ** Math.floor(Math.log2(Math.max(leastNodes, fitting)))
  return nodes < numNodes ? nodes : undefined
}

interface Numbers {
  /** An edge, kept between passes; and within a layer and its derivative. */
  readonly kept: number
  readonly passing: number
  readonly ofNode: number
  /** An edge, in the largest array. */
  readonly largest: number
}

/** How many numbers an evaluation holds, about. */
function numbersOf({ layers, maxEll }: MaceArchitecture): Numbers {
  let [kept, passing, ofNode, largest] = [0, 0, 0, 0]
  for (const { interaction } of layers) {
    const [, ...sizes] = interaction.radialNetwork.sizes
    const weights = sizes.at(-1) ?? 0
    const hidden = 2 * (sizes.reduce((sum, size) => sum + size, 0) - weights)
    kept += weights + hidden
    passing = Math.max(passing, 2 * weights + hidden + 6 * (maxEll + 1) ** 2)
    largest = Math.max(largest, weights)
    ofNode += 6 * maceIrreps(interaction.target).dim + weights * (maxEll + 1)
  }
  return { kept, passing, ofNode, largest }
}
