import { drifted, kicked, type Integrator } from './integrator.ts'
import { requirePositive } from './require.ts'
import { forcesAt } from './state.ts'

export interface VelocityVerletOptions {
  /** fs. */
  readonly timestep: number
}

/**
 * `v += Δt/2 f/m; r += Δt v; v += Δt/2 f(r)/m`: constant energy but for a bounded error of order Δt², reversible in time, one evaluation
 * a step. Momentum is conserved, so f = 3N − 3 degrees of freedom share the kinetic energy (3 for a single atom).
 *
 * Source: Swope, Andersen, Berens, Wilson, J. Chem. Phys. 76, 637 (1982).
 *
 * @throws {InputError} unless the timestep is a positive number of fs.
 */
export function velocityVerlet({ timestep }: VelocityVerletOptions): Integrator {
  requirePositive('velocityVerlet: timestep', timestep, 'fs')
  return {
    timestep,
    degreesOfFreedom: (numAtoms) => (numAtoms > 1 ? 3 * numAtoms - 3 : 3),
    async step(state, calculator, { signal } = {}) {
      const half = kicked(state, timestep / 2)
      const structure = state.structure.with({ positions: drifted(state.structure.positions, half, timestep) })
      const step = state.step + 1
      const { energy, forces } = await forcesAt(structure, calculator, { step, signal })
      const velocities = kicked({ velocities: half, forces, masses: state.masses }, timestep / 2)
      return { ...state, step, time: state.time + timestep, structure, velocities, energy, forces }
    },
  }
}
