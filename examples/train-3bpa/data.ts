import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parseXyz, referenceLabels, type Structure } from '@equivar/mace'
import type { CreateOptions } from '@equivar/mace/torchlike'
import type { Settings } from './settings.ts'

export interface Data {
  readonly training: readonly Structure[]
  readonly validation: readonly Structure[]
}

/** The frames of the example: those to train with come first in the file. */
export async function readData({ training, validation }: Settings): Promise<Data> {
  const frames = parseXyz(gunzipSync(await readFile(fileURLToPath(new URL('frames.xyz.gz', import.meta.url)))).toString())
  return { training: frames.slice(0, training), validation: frames.slice(training, training + validation) }
}

/**
 * What a model takes from its training set: elements, the mean energy of an atom as reference of all elements, the root mean square of the
 * components of forces as scale, and the mean number of neighbours.
 */
export function statisticsOf(structures: readonly Structure[], cutoff: number): Pick<CreateOptions, 'elements' | 'referenceEnergies' | 'scale' | 'avgNumNeighbors'> {
  const labels = structures.map((structure) => referenceLabels(structure))
  const numAtoms = sum(structures.map((structure) => structure.numAtoms))
  const elements = [...new Set(structures.flatMap(({ atomicNumbers }) => [...atomicNumbers]))].sort((a, b) => a - b)
  const energy = sum(labels.map((label) => label.energy ?? Number.NaN)) / numAtoms
  const forces = labels.flatMap((label) => [...(label.forces ?? [])])
  return {
    elements,
    referenceEnergies: elements.map(() => energy),
    scale: Math.sqrt(sum(forces.map((force) => force * force)) / forces.length),
    avgNumNeighbors: sum(structures.map((structure) => numNeighbors(structure, cutoff))) / numAtoms,
  }
}

/** Ordered pairs of atoms of a molecule that are closer than the cutoff. */
function numNeighbors({ positions, numAtoms }: Structure, cutoff: number): number {
  let count = 0
  for (let i = 0; i < numAtoms; i++)
    for (let j = 0; j < numAtoms; j++) {
      const distance = Math.hypot(...[0, 1, 2].map((axis) => (positions[3 * i + axis] ?? 0) - (positions[3 * j + axis] ?? 0)))
      if (i !== j && distance < cutoff) count++
    }
  return count
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
