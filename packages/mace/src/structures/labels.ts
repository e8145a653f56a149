import { FormatError, InputError } from '@equivar/core'
import { isInfoList, type InfoValue } from './info.ts'
import type { Structure } from './structure.ts'
import { quote } from './xyz/error.ts'

/** Reference values and weights that came with a structure; null where there is none. */
export interface ReferenceLabels {
  /** eV. */
  readonly energy: number | null
  /** eV/Å, shape (N, 3). */
  readonly forces: Float64Array | null
  /** eV/Å³, shape (3, 3). */
  readonly stress: Float64Array | null
  /** eV, shape (3, 3). */
  readonly virials: Float64Array | null
  /** e·Å, shape (3). */
  readonly dipole: Float64Array | null
  /** e, shape (N). */
  readonly charges: Float64Array | null
  /** Head of a multi-head model, as named in the file. */
  readonly head: string | null
  readonly totalCharge: number | null
  readonly totalSpin: number | null
  /** `'Default'` where the file says nothing. */
  readonly configType: string
  /** 1 where the file says nothing. */
  readonly configWeight: number
  /** Weight of each property in the loss; 1 where the file says nothing. */
  readonly propertyWeights: { readonly energy: number; readonly forces: number; readonly stress: number; readonly virials: number }
  /** Names under which the values were found. */
  readonly keys: Partial<Record<LabelName, string>>
}

export type LabelName = 'energy' | 'forces' | 'stress' | 'virials' | 'dipole' | 'charges' | 'head'

/** Key of each label in the file, where it differs from the conventions. */
export type LabelKeys = Partial<Record<LabelName, string | undefined>>

/** Names in use for each label, tried in this order; mace-torch's own come first. */
const conventions: Record<LabelName, readonly string[]> = {
  energy: ['REF_energy', 'ref_energy', 'energy', 'Energy', 'dft_energy', 'DFT_energy'],
  forces: ['REF_forces', 'ref_forces', 'forces', 'force', 'dft_forces', 'DFT_forces'],
  stress: ['REF_stress', 'ref_stress', 'stress', 'dft_stress', 'DFT_stress'],
  virials: ['REF_virials', 'ref_virials', 'virials', 'virial', 'dft_virial', 'DFT_virials'],
  dipole: ['REF_dipole', 'dipole'],
  charges: ['REF_charges', 'charges'],
  head: ['head'],
}

/**
 * Reference values of a structure by the usual key names (`REF_energy`, `energy`, `REF_forces`, …), or by the keys that
 * are given. A stress or virial of 6 numbers is in Voigt order xx, yy, zz, yz, xz, xy.
 *
 * @throws FormatError when a value has the wrong shape or is not finite.
 * @throws InputError when a given key is absent from the structure.
 */
export function referenceLabels(structure: Structure, keys: LabelKeys = {}): ReferenceLabels {
  const { info } = structure
  const found: Partial<Record<LabelName, string>> = {}
  const locate = (name: LabelName, table: ReadonlyMap<string, unknown>): string | null => {
    const given = keys[name]
    if (given !== undefined && !table.has(given)) {
      throw new InputError(`the structure has no ${JSON.stringify(given)} to serve as ${name}; it has ${[...table.keys()].join(', ') || 'nothing'}`)
    }
    const key = given ?? conventions[name].find((candidate) => table.has(candidate)) ?? null
    if (key !== null) found[name] = key
    return key
  }
  const fromInfo = <T>(name: LabelName, read: (value: InfoValue, key: string) => T): T | null => {
    const key = locate(name, info)
    return key === null ? null : read(info.get(key) ?? null, key)
  }
  const fromArrays = (name: LabelName, components: number): Float64Array | null => {
    const key = locate(name, structure.arrays)
    return key === null ? null : readArray(structure, key, components)
  }
  return {
    energy: fromInfo('energy', finiteNumber),
    forces: fromArrays('forces', 3),
    stress: fromInfo('stress', tensor),
    virials: fromInfo('virials', tensor),
    dipole: fromInfo('dipole', (value, key) => numbers(value, key, [3])),
    charges: fromArrays('charges', 1),
    head: fromInfo('head', word),
    totalCharge: optionalNumber(info, 'total_charge'),
    totalSpin: optionalNumber(info, 'total_spin'),
    configType: word(info.get('config_type') ?? 'Default'),
    configWeight: optionalNumber(info, 'config_weight') ?? 1,
    propertyWeights: {
      energy: optionalNumber(info, 'config_energy_weight') ?? 1,
      forces: optionalNumber(info, 'config_forces_weight') ?? 1,
      stress: optionalNumber(info, 'config_stress_weight') ?? 1,
      virials: optionalNumber(info, 'config_virials_weight') ?? 1,
    },
    keys: found,
  }
}

function finiteNumber(value: InfoValue, key: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new FormatError(`${key} is ${typeof value === 'number' ? value : quote(word(value))}; expected a finite number`)
  }
  return value
}

/** A name that looks like a number was read as one. */
function word(value: InfoValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function optionalNumber(info: ReadonlyMap<string, InfoValue>, key: string): number | null {
  const value = info.get(key)
  return value === undefined ? null : finiteNumber(value, key)
}

function numbers(value: InfoValue, key: string, lengths: readonly number[]): Float64Array {
  const flat = isInfoList(value) ? value.flat() : []
  if (!lengths.includes(flat.length)) {
    throw new FormatError(`${key} has ${isInfoList(value) ? flat.length : 'no list of'} numbers; expected ${lengths.join(' or ')}`)
  }
  return Float64Array.from(flat, (item: InfoValue) => finiteNumber(item, key))
}

/** A symmetric tensor of 6 Voigt components or 9 entries, row-major. */
function tensor(value: InfoValue, key: string): Float64Array {
  const flat = numbers(value, key, [6, 9])
  if (flat.length === 9) return flat
  const [xx = NaN, yy = NaN, zz = NaN, yz = NaN, xz = NaN, xy = NaN] = flat
  return Float64Array.of(xx, xy, xz, xy, yy, yz, xz, yz, zz)
}

function readArray(structure: Structure, key: string, components: number): Float64Array {
  const array = structure.arrays.get(key)
  if (array === undefined || (array.kind !== 'real' && array.kind !== 'integer') || array.components !== components) {
    throw new FormatError(`the column ${key} has ${array?.components ?? 0} components of type ${array?.kind ?? 'none'}; expected ${components} real ones`)
  }
  const index = array.data.findIndex((x) => !Number.isFinite(x))
  if (index >= 0) throw new FormatError(`${key} of atom ${Math.floor(index / components)} is ${array.data[index]}; expected a finite number`)
  return array.data
}
