import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { Mace, parseXyz, referenceLabels, type Structure } from '@equivar/mace'

/** Energies and all force components of some configurations, structure after structure. */
export interface Values {
  readonly energies: readonly number[]
  readonly forces: readonly number[]
}

export interface ModelResult {
  readonly name: string
  readonly numStructures: number
  readonly numAtoms: number
  readonly seconds: number
  readonly predicted: Values
  /** DFT, from the file of configurations. */
  readonly dft: Values
  /** The same model evaluated by mace-torch in float64. */
  readonly reference: Values
}

interface ReferenceRow {
  readonly energy: number
  readonly forces: readonly (readonly number[])[]
}

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}

/** All configurations of the example. */
export async function readFrames(): Promise<Structure[]> {
  return parseXyz(await readFile(here('frames.xyz'), 'utf8'))
}

/** Evaluates a model in float64 on the first `count` configurations. */
export async function evaluateModel(name: string, frames: readonly Structure[], count: number, onProgress: (done: number) => void): Promise<ModelResult> {
  const structures = frames.slice(0, count)
  const references = JSON.parse(gunzipSync(await readFile(here('reference.json.gz'))).toString()) as { readonly models: Readonly<Record<string, readonly ReferenceRow[]>> }
  const rows = references.models[name]?.slice(0, count) ?? []
  const began = performance.now()
  using model = await Mace.load(here(`models/${name}.model.gz`), { dtype: 'float64' })
  const energies: number[] = []
  const forces: number[] = []
  for (const structure of structures) {
    const [result] = await model.evaluate([structure])
    energies.push(result?.energy ?? Number.NaN)
    forces.push(...(result?.forces ?? []))
    onProgress(energies.length)
  }
  const labels = structures.map((structure) => referenceLabels(structure))
  return {
    name,
    numStructures: structures.length,
    numAtoms: structures.reduce((sum, { numAtoms }) => sum + numAtoms, 0),
    seconds: (performance.now() - began) / 1000,
    predicted: { energies, forces },
    dft: { energies: labels.map(({ energy }) => energy ?? Number.NaN), forces: labels.flatMap((label) => [...(label.forces ?? [])]) },
    reference: { energies: rows.map(({ energy }) => energy), forces: rows.flatMap((row) => row.forces.flat()) },
  }
}
