import { realArray, type AtomArray, type InfoValue, type Structure } from '../structures/index.ts'
import { massUnit } from './constants.ts'
import { observe } from './observables.ts'
import type { DynamicsState } from './state.ts'

/** ASE's unit of velocity, √(eV/amu), in Å/fs. */
const aseVelocity = 1 / Math.sqrt(massUnit)

/**
 * A state as a frame of a trajectory: the structure with `step`, `time` (fs), `temperature` (K), `kinetic_energy` and `MACE_energy` (eV),
 * `MACE_forces` (eV/Å), and `momenta` in ASE's unit √(amu eV), from which ASE has velocities.
 *
 * @throws {InputError} unless the number of degrees of freedom is positive.
 */
export function trajectoryFrame(state: DynamicsState, degreesOfFreedom?: number): Structure {
  const { structure, step, time, masses, velocities, forces } = state
  const { temperature, kineticEnergy, potentialEnergy } = observe(state, degreesOfFreedom)
  const momenta = velocities.map((v, i) => ((masses[Math.floor(i / 3)] ?? Number.NaN) * v) / aseVelocity)
  const info = new Map<string, InfoValue>([
    ...structure.info,
    ['step', step],
    ['time', time],
    ['temperature', temperature],
    ['kinetic_energy', kineticEnergy],
    ['MACE_energy', potentialEnergy],
  ])
  const arrays = new Map<string, AtomArray>([...structure.arrays, ['momenta', realArray(3, momenta)], ['MACE_forces', realArray(3, forces)]])
  return structure.with({ info, arrays })
}
