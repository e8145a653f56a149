import { InputError } from '@equivar/core'
import type { MaceArchitecture } from '../definition.ts'
import { Structure, type GraphBatch } from '../structures/index.ts'
import { speciesOf } from './batch-inputs.ts'
import { joinedLayers } from './descriptors.ts'
import { featureValues } from './joint-features.ts'
import type { EvaluationOptions } from './options.ts'

/**
 * Refuses, before any work, what the model cannot evaluate.
 *
 * @throws {InputError} that names the structure by its position: something that is no Structure, an element that the model
 * does not know, a joint-embedding feature that is missing or wrong; or an option that is out of range.
 */
export function requireEvaluable(structures: readonly Structure[], architecture: MaceArchitecture, { batchSize, descriptors }: EvaluationOptions): void {
  if (batchSize !== undefined && !(Number.isInteger(batchSize) && batchSize > 0)) throw new InputError(`evaluate: batchSize is ${batchSize}; it must be a positive integer`)
  if (descriptors) joinedLayers(architecture, descriptors)
  if (!Array.isArray(structures)) throw new InputError('evaluate: needs a list of structures; write evaluate([structure]) for a single one')
  for (const [index, structure] of (structures as readonly unknown[]).entries()) {
    if (!(structure instanceof Structure)) throw new InputError(`evaluate: entry ${index} of the list is no Structure; make one by new Structure({ symbols, positions })`)
    try {
      speciesOf(structure.atomicNumbers, architecture.atomicNumbers)
      for (const feature of architecture.jointEmbedding?.features ?? []) featureValues(feature, structure)
    } catch (error) {
      if (error instanceof InputError) throw new InputError(`structure ${index}: ${error.message}`, { cause: error })
      throw error
    }
  }
}

/** @throws {InputError} unless the batch is made of these structures and its tables fit together. */
export function requireGraph(structures: readonly Structure[], batch: GraphBatch): void {
  const numNodes = structures.reduce((count, { numAtoms }) => count + numAtoms, 0)
  if (batch.numGraphs !== structures.length || batch.numNodes !== numNodes)
    throw new InputError(`evaluateGraph: the batch holds ${batch.numGraphs} graphs of ${batch.numNodes} nodes, the list ${structures.length} structures of ${numNodes} atoms; collate these structures`)
  const { numGraphs, numEdges } = batch
  const sizes = [
    ['atomicNumbers', numNodes],
    ['positions', 3 * numNodes],
    ['batch', numNodes],
    ['nodeOffsets', numGraphs + 1],
    ['edgeOffsets', numGraphs + 1],
    ['senders', numEdges],
    ['receivers', numEdges],
    ['unitShifts', 3 * numEdges],
    ['cells', 9 * numGraphs],
  ] as const
  for (const [name, size] of sizes)
    if (batch[name].length !== size) throw new InputError(`evaluateGraph: batch.${name} has ${batch[name].length} entries, ${numNodes} nodes and ${numEdges} edges in ${numGraphs} graphs need ${size}`)
  for (const [g, { atomicNumbers }] of structures.entries()) {
    const [first, last] = [batch.nodeOffsets[g] ?? -1, batch.nodeOffsets[g + 1] ?? -1]
    if (last - first !== atomicNumbers.length || !atomicNumbers.every((z, i) => z === batch.atomicNumbers[first + i] && batch.batch[first + i] === g))
      throw new InputError(`evaluateGraph: the atoms of graph ${g} are not those of structure ${g}; collate these structures`)
    for (let e = batch.edgeOffsets[g] ?? 0; e < (batch.edgeOffsets[g + 1] ?? 0); e++)
      for (const node of [batch.senders[e] ?? -1, batch.receivers[e] ?? -1])
        if (!(node >= first && node < last)) throw new InputError(`evaluateGraph: edge ${e} of graph ${g} ends at node ${node}, outside of its nodes ${first} to ${last - 1}`)
  }
  if (!batch.positions.every(Number.isFinite)) throw new InputError('evaluateGraph: batch.positions holds a value that is not finite')
}
