import { InputError } from '@equivar/core'
import { array, type FloatDType, type NDArray } from '@equivar/engine'
import type { JointEmbeddingDefinition } from '../definition.ts'
import { isInfoList } from '../structures/info.ts'
import type { Structure } from '../structures/index.ts'

type Feature = JointEmbeddingDefinition['features'][number]

/** What the reference assumes where a structure says nothing; every other feature must be given. */
const defaults: ReadonlyMap<string, number> = new Map([
  ['total_charge', 0],
  ['total_spin', 1],
  ['elec_temp', 0],
])

/**
 * Joint-embedding features of all atoms. A feature of the structure is read from `info`, one of the atoms from `arrays`,
 * both under the feature's name.
 *
 * @throws {InputError} if a feature is missing, has the wrong size, or a category does not exist.
 */
export function jointFeatures(definition: JointEmbeddingDefinition | null, structures: readonly Structure[], dtype: FloatDType): ReadonlyMap<string, NDArray> {
  return new Map(
    (definition?.features ?? []).map((feature) => {
      const values = structures.flatMap((structure) => featureValues(feature, structure))
      if (feature.kind === 'continuous') return [feature.name, array(values, { shape: [values.length / feature.inputSize, feature.inputSize], dtype })]
      return [feature.name, array(values, { shape: [values.length], dtype: 'int32' })]
    }),
  )
}

/** The numbers of one structure, atom after atom; categories as rows of the table. @throws {InputError} as {@link jointFeatures}. */
export function featureValues(feature: Feature, structure: Structure): number[] {
  const values = feature.level === 'graph' ? graphValues(feature, structure) : atomValues(feature, structure)
  return feature.kind === 'categorical' ? values.map((value) => category(feature, value)) : values
}

function graphValues(feature: Feature, structure: Structure): number[] {
  const given = structure.info.get(feature.name) ?? defaults.get(feature.name)
  const width = feature.kind === 'continuous' ? feature.inputSize : 1
  const list = isInfoList(given) ? given : [given]
  const numbers = list.filter((value) => typeof value === 'number')
  if (numbers.length !== width || list.length !== width)
    throw new InputError(`the model needs info.${feature.name}, ${width === 1 ? 'a number' : `${width} numbers`} for the whole structure; found ${given === undefined ? 'nothing' : JSON.stringify(given)}`)
  return Array.from({ length: structure.numAtoms }, () => numbers).flat()
}

function atomValues(feature: Feature, structure: Structure): number[] {
  const found = structure.arrays.get(feature.name)
  const width = feature.kind === 'continuous' ? feature.inputSize : 1
  const values = found && found.kind !== 'string' ? Array.from(found.data, Number) : []
  if (values.length !== structure.numAtoms * width)
    throw new InputError(`the model needs arrays.${feature.name}, ${width} number${width === 1 ? '' : 's'} for each of ${structure.numAtoms} atoms; found ${values.length}`)
  return values
}

function category({ name, offset, inputSize }: Feature, value: number): number {
  const row = value + offset
  if (!(Number.isInteger(row) && row >= 0 && row < inputSize))
    throw new InputError(`${name} is ${value}; the model knows whole numbers from ${-offset} to ${inputSize - 1 - offset}`)
  return row
}
