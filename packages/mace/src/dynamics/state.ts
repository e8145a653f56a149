import { InputError } from '@equivar/core'
import type { Evaluation } from '../evaluation/options.ts'
import { referenceLabels, type Structure } from '../structures/index.ts'
import { atomicMasses } from './masses.ts'
import { maxwellBoltzmann } from './maxwell-boltzmann.ts'
import { requireCount, requireVectors } from './require.ts'

/** Whatever gives energies in eV and forces in eV/Å; `Calculator` does, and keeps its neighbour list while atoms move. */
export interface ForceCalculator {
  calculate(structure: Structure, options?: { readonly signal?: AbortSignal | undefined }): Promise<Pick<Evaluation, 'energy' | 'forces'>>
}

/**
 * Where a trajectory stands, and all that its next step depends on beside integrator and calculator. Random numbers are those of the seed
 * and the number of the step, so the generator has no state of its own.
 */
export interface DynamicsState {
  /** Steps taken. */
  readonly step: number
  /** fs. */
  readonly time: number
  readonly structure: Structure
  /** amu, shape (N). */
  readonly masses: Float64Array
  /** Å/fs, shape (N, 3). */
  readonly velocities: Float64Array
  /** Potential energy, eV. */
  readonly energy: number
  /** eV/Å, shape (N, 3). */
  readonly forces: Float64Array
  /** Of all random numbers of the trajectory. */
  readonly seed: number
}

export interface StartOptions {
  /** Å/fs, shape (N, 3); at rest if neither this nor a temperature is given. */
  readonly velocities?: ArrayLike<number> | undefined
  /** K; velocities are then those of {@link maxwellBoltzmann}, rescaled to this temperature where there are two atoms or more. */
  readonly temperature?: number | undefined
  /** An integer in `0 … 2^53 − 1`. Default 0. */
  readonly seed?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The state at step 0. Reference values of the structure (energy, forces, …) are left out: they do not move with the atoms.
 *
 * @throws {InputError} if velocities and a temperature are given, one of them or the seed is out of range, a mass is not positive, or the
 * calculator gives no finite energy and forces. @throws {ShapeError} unless there are three velocities an atom.
 */
export async function startDynamics(structure: Structure, calculator: ForceCalculator, options: StartOptions = {}): Promise<DynamicsState> {
  const { velocities, temperature, seed = 0, signal } = options
  const { numAtoms } = structure
  requireCount('startDynamics: seed', seed)
  if (velocities !== undefined && temperature !== undefined) throw new InputError('startDynamics: velocities and a temperature are given; give one of them')
  if (velocities !== undefined) requireVectors('startDynamics: velocities', velocities, numAtoms)
  const masses = atomicMasses(structure)
  const drawn = temperature === undefined ? new Float64Array(3 * numAtoms) : await maxwellBoltzmann(structure, { temperature, seed, rescale: numAtoms > 1 })
  const start = {
    step: 0,
    time: 0,
    structure: withoutLabels(structure),
    masses,
    velocities: velocities === undefined ? drawn : Float64Array.from(velocities),
    energy: 0,
    forces: new Float64Array(3 * numAtoms),
    seed,
  }
  return { ...start, ...(await forcesAt(start.structure, calculator, { step: 0, signal })) }
}

/** @throws {InputError} unless the calculator gives a finite energy and finite forces. */
export async function forcesAt(
  structure: Structure,
  calculator: ForceCalculator,
  { step, signal }: { readonly step: number; readonly signal?: AbortSignal | undefined },
): Promise<Pick<DynamicsState, 'energy' | 'forces'>> {
  const { energy, forces } = await calculator.calculate(structure, { signal })
  if (forces === undefined) throw new InputError('dynamics: the calculator gives no forces; make it with forces')
  requireVectors(`dynamics: forces at step ${step}`, forces, structure.numAtoms)
  if (!Number.isFinite(energy)) throw new InputError(`dynamics: the energy at step ${step} is ${energy}; choose a shorter timestep, or a model that knows such structures`)
  return { energy, forces }
}

/** The structure without what was known of it where it stood. */
function withoutLabels(structure: Structure): Structure {
  const names = new Set(Object.entries(referenceLabels(structure).keys).flatMap(([label, key]) => (label === 'head' ? [] : [key])))
  if (names.size === 0) return structure
  const rest = <V>(table: ReadonlyMap<string, V>) => new Map([...table].filter(([name]) => !names.has(name)))
  // Values may be there under several names, of which one is found at a time.
  return withoutLabels(structure.with({ info: rest(structure.info), arrays: rest(structure.arrays) }))
}
