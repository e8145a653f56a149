import { InputError } from '@equivar/core'
import type { MaceDefinition } from '../definition.ts'
import { cellVolume } from '../structures/index.ts'
import { speciesOf } from './batch-inputs.ts'
import type { BatchNumbers } from './computation.ts'
import { stressFromVirial } from './derivatives.ts'
import { joinDescriptors } from './descriptors.ts'
import type { Evaluation, EvaluationOptions } from './options.ts'
import { energyScale, referenceEnergies } from './reference-energies.ts'

/** A structure among the atoms of its batch. */
export interface EvaluatedNodes {
  readonly atomicNumbers: Int32Array
  /** [3, 3] Å */
  readonly cell: Float64Array
  /** Its atoms in the batch. */
  readonly first: number
  readonly last: number
  /** Its position in the caller's list. */
  readonly index: number
}

/** What the network computed for a batch, and sums of gradients for one structure of it. */
export interface StructureNumbers extends Pick<BatchNumbers, 'nodeEnergies' | 'embeddingEnergies' | 'features' | 'terms'> {
  readonly forces: Float64Array | undefined
  readonly virial: Float64Array | undefined
}

/**
 * The results of one structure, reference energies included, but those of single edges.
 *
 * @throws {InputError} if the energy or a force is not finite.
 */
export function evaluationOf(
  definition: MaceDefinition,
  { atomicNumbers, cell, first, last, index }: EvaluatedNodes,
  { nodeEnergies: interaction, embeddingEnergies: embedding, features, terms, forces, virial }: StructureNumbers,
  head: number,
  { stress, virials, nodeEnergies, contributions, descriptors }: EvaluationOptions,
): Evaluation {
  const { architecture } = definition
  const scale = energyScale(definition, head)
  const reference = referenceEnergies(definition, speciesOf(atomicNumbers, architecture.atomicNumbers), head)
  const interactionEnergy = total(interaction, first, last)
  const energy = total(reference, 0, reference.length) + interactionEnergy + (embedding ? total(embedding, first, last) : 0)
  if (!Number.isFinite(energy)) throw new InputError(`structure ${index}: the energy is ${energy}; atoms are closer together than the model can describe`)
  for (const numbers of [forces, virial]) if (numbers) requireFinite(numbers, index)
  return {
    energy,
    interactionEnergy,
    ...(forces ? { forces } : {}),
    ...(stress && virial ? { stress: stressFromVirial(virial, cellVolume(cell)) } : {}),
    ...(virials && virial ? { virials: virial } : {}),
    ...(nodeEnergies ? { nodeEnergies: interaction.slice(first, last).map((e, i) => e + (reference[i] ?? 0)) } : {}),
    ...(contributions ? { contributions: contributionsOf(energy, terms.map((term) => scale * total(term, first, last))) } : {}),
    ...(descriptors ? { descriptors: joinDescriptors(features, architecture, first, last, descriptors) } : {}),
  }
}

/** @throws {InputError} if a derivative is not finite. */
export function requireFinite(derivatives: Float64Array, index: number): void {
  if (!derivatives.every(Number.isFinite)) throw new InputError(`structure ${index}: a force is not finite; atoms are closer together than the model can describe`)
}

/** The terms of the network behind what is left of the energy: reference energies, embedding readout and shift. */
function contributionsOf(energy: number, terms: readonly number[]): Float64Array {
  return Float64Array.of(energy - terms.reduce((sum, term) => sum + term, 0), ...terms)
}

function total(values: Float64Array, first: number, last: number): number {
  let sum = 0
  for (let i = first; i < last; i++) sum += values[i] ?? Number.NaN
  return sum
}
