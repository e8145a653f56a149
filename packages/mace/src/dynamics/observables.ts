import { boltzmannConstant, massUnit } from './constants.ts'
import { requirePositive } from './require.ts'
import type { DynamicsState } from './state.ts'

/** What is measured of a state. */
export interface Observables {
  /** Σ ½ m v², eV. */
  readonly kineticEnergy: number
  /** Of the model, eV. */
  readonly potentialEnergy: number
  /** eV. */
  readonly totalEnergy: number
  /** K. */
  readonly temperature: number
}

/**
 * Energies and `T = 2 Σ ½ m v² / (f k_B)` of a state, with f degrees of freedom. An integrator's `degreesOfFreedom` says how many there
 * are; by default f = 3N, as in ASE.
 *
 * @throws {InputError} unless the number of degrees of freedom is positive.
 */
export function observe(state: DynamicsState, degreesOfFreedom = 3 * state.structure.numAtoms): Observables {
  requirePositive('observe: the number of degrees of freedom', degreesOfFreedom, 'them')
  const kinetic = kineticEnergy(state.velocities, state.masses)
  return {
    kineticEnergy: kinetic,
    potentialEnergy: state.energy,
    totalEnergy: kinetic + state.energy,
    temperature: (2 * kinetic) / (degreesOfFreedom * boltzmannConstant),
  }
}

/** `Σ ½ m v²`, eV, of velocities in Å/fs and masses in amu. */
export function kineticEnergy(velocities: Float64Array, masses: Float64Array): number {
  let sum = 0
  for (let i = 0; i < velocities.length; i++) {
    const v = velocities[i] ?? 0
    sum += (masses[Math.floor(i / 3)] ?? 0) * v * v
  }
  return 0.5 * massUnit * sum
}
