import { FormatError } from '@equivar/core'
import type { MaceDefinition } from '../definition.ts'

/** E0 of every atom for a head, eV, in float64. Old files have one set for all heads. */
export function referenceEnergies({ tensors, architecture }: MaceDefinition, species: Int32Array, head: number): Float64Array {
  const table = tensors.get('atomic_energies_fn.atomic_energies')
  if (!table) throw new FormatError("model: tensor 'atomic_energies_fn.atomic_energies' is missing; the file does not hold the whole model")
  const numSpecies = architecture.atomicNumbers.length
  const row = table.data.length > numSpecies ? head * numSpecies : 0
  const energies = new Float64Array(species.length)
  for (let atom = 0; atom < species.length; atom++) energies[atom] = table.data[row + (species[atom] ?? Number.NaN)] ?? Number.NaN
  return energies
}

/** Factor of the network's energies for a head; 1 for models without scale and shift. */
export function energyScale({ tensors, architecture }: MaceDefinition, head: number): number {
  if (architecture.model === 'MACE') return 1
  const scale = tensors.get('scale_shift.scale')
  if (!scale) throw new FormatError("model: tensor 'scale_shift.scale' is missing; the file does not hold the whole model")
  return scale.data[scale.data.length > 1 ? head : 0] ?? Number.NaN
}
