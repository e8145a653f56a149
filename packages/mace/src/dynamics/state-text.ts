import { FormatError, InputError } from '@equivar/core'
import { parseXyz, realArray, type AtomArray, type InfoValue, type Structure, formatXyz } from '../structures/index.ts'
import { requireCount } from './require.ts'
import type { DynamicsState } from './state.ts'

/** What a text of {@link formatState} holds. */
export interface SavedState {
  readonly state: DynamicsState
  /** What was noted beside it. */
  readonly notes: InfoValue
}

const names = { info: ['MD_step', 'MD_time', 'MD_energy', 'MD_seed', 'MD_notes'], arrays: ['MD_masses', 'MD_velocities', 'MD_forces'] } as const
const ownNames: ReadonlySet<string> = new Set([...names.info, ...names.arrays])

/**
 * A state as extended XYZ, which any viewer shows: `MD_velocities` (Å/fs), `MD_forces` (eV/Å), `MD_masses` (amu), `MD_step`, `MD_time` (fs),
 * `MD_energy` (eV) and `MD_seed` beside the structure's own values, and notes of the caller. {@link parseState} gives the same state, to
 * the last bit.
 *
 * @throws {InputError} if the structure has values of such names.
 */
export function formatState(state: DynamicsState, notes: InfoValue = null): string {
  const { structure, step, time, energy, seed } = state
  const taken = [...structure.info.keys(), ...structure.arrays.keys()].find((name) => ownNames.has(name))
  if (taken !== undefined) throw new InputError(`formatState: the structure has a value named ${taken}, which is a name of the state's own; rename it`)
  const info = new Map<string, InfoValue>([...structure.info, ['MD_step', step], ['MD_time', time], ['MD_energy', energy], ['MD_seed', seed], ['MD_notes', notes]])
  const arrays = new Map<string, AtomArray>([
    ...structure.arrays,
    ['MD_masses', realArray(1, state.masses)],
    ['MD_velocities', realArray(3, state.velocities)],
    ['MD_forces', realArray(3, state.forces)],
  ])
  return formatXyz(structure.with({ info, arrays }))
}

/** @throws {FormatError} if the text is not one state of {@link formatState}, naming what is wrong. */
export function parseState(text: string): SavedState {
  const [saved, ...others] = parseXyz(text)
  if (!saved || others.length > 0) throw new FormatError(`state of dynamics: ${others.length + (saved ? 1 : 0)} frames; expected one`)
  const rest = <V>(table: ReadonlyMap<string, V>) => new Map([...table].filter(([name]) => !ownNames.has(name)))
  const state = {
    step: count(saved, 'MD_step'),
    time: number(saved, 'MD_time'),
    structure: saved.with({ info: rest(saved.info), arrays: rest(saved.arrays) }),
    masses: reals(saved, 'MD_masses', 1),
    velocities: reals(saved, 'MD_velocities', 3),
    energy: number(saved, 'MD_energy'),
    forces: reals(saved, 'MD_forces', 3),
    seed: count(saved, 'MD_seed'),
  }
  if (!state.masses.every((mass) => mass > 0)) throw new FormatError('state of dynamics: MD_masses holds a mass that is not positive')
  return { state, notes: saved.info.get('MD_notes') ?? null }
}

function number({ info }: Structure, name: string): number {
  const value = info.get(name)
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new FormatError(`state of dynamics: ${name} is ${value === undefined ? 'missing' : 'no finite number'}; this is no file of a state`)
  return value
}

function count(structure: Structure, name: string): number {
  const value = number(structure, name)
  try {
    requireCount(name, value)
  } catch (cause) {
    throw new FormatError(`state of dynamics: ${cause instanceof Error ? cause.message : name}`, { cause })
  }
  return value
}

function reals({ arrays }: Structure, name: string, components: number): Float64Array {
  const array = arrays.get(name)
  if (array?.kind !== 'real' || array.components !== components) throw new FormatError(`state of dynamics: column ${name} is ${array === undefined ? 'missing' : `not of ${components} reals`}`)
  if (!array.data.every(Number.isFinite)) throw new FormatError(`state of dynamics: column ${name} holds a number that is not finite`)
  return array.data
}
