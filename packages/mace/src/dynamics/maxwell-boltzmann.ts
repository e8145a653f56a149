import { InputError } from '@equivar/core'
import type { Structure } from '../structures/index.ts'
import { boltzmannConstant, massUnit } from './constants.ts'
import { atomicMasses } from './masses.ts'
import { standardNormals } from './noise.ts'
import { kineticEnergy } from './observables.ts'
import { requireCount, requirePositive } from './require.ts'

export interface MaxwellBoltzmannOptions {
  /** K. */
  readonly temperature: number
  /** An integer in `0 … 2^53 − 1`. Default 0. */
  readonly seed?: number | undefined
  /** Scales velocities so that Σ ½ m v² = (3N − 3)/2 k_B T exactly. Default false: the temperature is that of a sample. */
  readonly rescale?: boolean | undefined
}

/**
 * `v_i = √(k_B T / m_i) ξ_i`, less the velocity of the centre of mass: velocities of the Maxwell–Boltzmann distribution, Å/fs, shape (N, 3).
 *
 * ξ are numbers of mean 0 and variance 1 from the seed (`randomNormal` of the engine, stream 0), the same on every device. Masses are those
 * of {@link atomicMasses}. Angular momentum stays as it is drawn.
 *
 * @throws {InputError} if the temperature is negative, the seed out of range, a mass not positive, or a single atom is to have exactly
 * a temperature above zero: at rest as the centre of mass it has none.
 */
export async function maxwellBoltzmann(structure: Structure, { temperature, seed = 0, rescale = false }: MaxwellBoltzmannOptions): Promise<Float64Array> {
  requirePositive('maxwellBoltzmann: temperature', temperature, 'K', true)
  requireCount('maxwellBoltzmann: seed', seed)
  const masses = atomicMasses(structure)
  const { numAtoms } = structure
  if (rescale && numAtoms < 2 && temperature > 0)
    throw new InputError(`maxwellBoltzmann: one atom cannot be rescaled to ${temperature} K without moving the centre of mass; leave rescale out`)
  const noise = await standardNormals(3 * numAtoms, seed, 0)
  const variance = (boltzmannConstant * temperature) / massUnit
  const velocities = Float64Array.from(noise, (x, i) => x * Math.sqrt(variance / (masses[Math.floor(i / 3)] ?? Number.NaN)))
  removeCentreOfMassMotion(velocities, masses)
  if (!rescale) return velocities
  const kinetic = kineticEnergy(velocities, masses)
  const factor = kinetic > 0 ? Math.sqrt((0.5 * (3 * numAtoms - 3) * boltzmannConstant * temperature) / kinetic) : 0
  return velocities.map((v) => v * factor)
}

function removeCentreOfMassMotion(velocities: Float64Array, masses: Float64Array): void {
  const total = masses.reduce((sum, mass) => sum + mass, 0)
  for (let axis = 0; axis < 3; axis++) {
    const momentum = masses.reduce((sum, mass, atom) => sum + mass * (velocities[3 * atom + axis] ?? 0), 0)
    for (let i = axis; i < velocities.length; i += 3) velocities[i] = (velocities[i] ?? 0) - momentum / total
  }
}
