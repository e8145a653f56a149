import { massUnit } from './constants.ts'
import type { DynamicsState, ForceCalculator } from './state.ts'

/** Takes a state one step further; states do not change. */
export interface Integrator {
  /** fs. */
  readonly timestep: number
  /** How many degrees of freedom share the kinetic energy of N atoms. */
  degreesOfFreedom(numAtoms: number): number
  /** @throws {InputError} if energy or forces of the next positions are not finite, and as the calculator does. */
  step(state: DynamicsState, calculator: ForceCalculator, options?: { readonly signal?: AbortSignal | undefined }): Promise<DynamicsState>
}

/** `v + Δt f / m`. */
export function kicked({ velocities, forces, masses }: Pick<DynamicsState, 'velocities' | 'forces' | 'masses'>, time: number): Float64Array {
  return velocities.map((v, i) => v + (time * (forces[i] ?? Number.NaN)) / (massUnit * (masses[Math.floor(i / 3)] ?? Number.NaN)))
}

/** `r + Δt v`. */
export function drifted(positions: Float64Array, velocities: Float64Array, time: number): Float64Array {
  return positions.map((r, i) => r + time * (velocities[i] ?? Number.NaN))
}
