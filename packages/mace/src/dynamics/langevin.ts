import { boltzmannConstant, massUnit } from './constants.ts'
import { drifted, kicked, type Integrator } from './integrator.ts'
import { standardNormals } from './noise.ts'
import { requirePositive } from './require.ts'
import { forcesAt } from './state.ts'

export interface LangevinOptions {
  /** fs. */
  readonly timestep: number
  /** K. */
  readonly temperature: number
  /** γ, 1/fs. Default 0.01. */
  readonly friction?: number | undefined
}

/**
 * Langevin dynamics, `m dv = f dt − γ m v dt + √(2 γ m k_B T) dW`, by the splitting BAOAB:
 * `v += Δt/2 f/m; r += Δt/2 v; v = c v + √((1 − c²) k_B T/m) ξ; r += Δt/2 v; v += Δt/2 f(r)/m` with `c = exp(−γ Δt)`. Configurations of a
 * harmonic well have their exact distribution at every stable timestep. One evaluation a step. All 3N degrees of freedom have the
 * temperature, the centre of mass too.
 *
 * ξ of step n are numbers of mean 0 and variance 1 from the seed of the state (`randomNormal` of the engine, stream n), the same on every
 * device, so that a trajectory that was left and taken up again is the one that went through.
 *
 * Source: Leimkuhler, Matthews, Appl. Math. Res. Express 2013, 34.
 *
 * @throws {InputError} unless the timestep is positive, and temperature and friction are zero or positive.
 */
export function langevin({ timestep, temperature, friction = 0.01 }: LangevinOptions): Integrator {
  requirePositive('langevin: timestep', timestep, 'fs')
  requirePositive('langevin: temperature', temperature, 'K', true)
  requirePositive('langevin: friction', friction, '1/fs', true)
  const kept = Math.exp(-friction * timestep)
  const noise = Math.sqrt(((1 - kept * kept) * boltzmannConstant * temperature) / massUnit)
  return {
    timestep,
    degreesOfFreedom: (numAtoms) => 3 * numAtoms,
    async step(state, calculator, { signal } = {}) {
      const step = state.step + 1
      const { masses } = state
      const before = kicked(state, timestep / 2)
      const middle = drifted(state.structure.positions, before, timestep / 2)
      const normals = await standardNormals(before.length, state.seed, step)
      const after = before.map((v, i) => kept * v + (noise * (normals[i] ?? Number.NaN)) / Math.sqrt(masses[Math.floor(i / 3)] ?? Number.NaN))
      const structure = state.structure.with({ positions: drifted(middle, after, timestep / 2) })
      const { energy, forces } = await forcesAt(structure, calculator, { step, signal })
      const velocities = kicked({ velocities: after, forces, masses }, timestep / 2)
      return { ...state, step, time: state.time + timestep, structure, velocities, energy, forces }
    },
  }
}
