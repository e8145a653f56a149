import { referenceLabels, type Structure } from '@equivar/mace'
import { MemoryArrays, repeated, type RawArray, type ShapedArray } from './arrays.ts'
import type { CaseInput, Dtype } from './case.ts'
import {
  contractionPolynomial, contractionTargets, convolutionIrreps, convolutionPolynomial, fullyConnectedPolynomial, linearPolynomial, multiplicityOf, scaleOf,
} from './operations.ts'
import { seededIntegers, seededNormals, seededNumbers } from './random.ts'
import { waterBox } from './water.ts'

/** A file that a case needs is not there. */
export class MissingAssetError extends Error {
  override readonly name = 'MissingAssetError'
}

/** Files that cases need: from a folder, or fetched by a page. */
export interface Assets {
  /** The model file of a name without its ending. @throws {MissingAssetError} if there is none. */
  model(name: string): Promise<Uint8Array>
  /** Configurations of aspirin with energies and forces. */
  aspirins(): Promise<readonly Structure[]>
}

/** Larger arrays repeat their first so many elements. */
const longestSeeded = 2 ** 24

type Inputs = Pick<CaseInput, 'structures' | 'meta'> & { readonly arrays: ReadonlyMap<string, ShapedArray> }

/** Inputs from seeds, for cases that no opponent makes; equal on every machine. */
export async function seededInput(name: string, dtype: Dtype, assets: Assets): Promise<CaseInput> {
  const { arrays, structures, meta } = await inputsOf(name, dtype, assets)
  return { name, dtype, structures, meta, arrays: new MemoryArrays(arrays), model: () => assets.model(modelOf(name)) }
}

/** The model that a case evaluates or trains. @throws if the case has none. */
export function modelOf(name: string): string {
  if (name === 'F-128' || name === 'F-water' || name.startsWith('L-')) return '128x0e+128x1o'
  if (name.startsWith('M-')) return '128x0e'
  if (name.startsWith('G-64')) return '64x0e+64x1o'
  if (name.endsWith('-l1')) return 'aspirin_l1_c64'
  if (/^[FGS]-/.test(name)) return 'aspirin_l0_c32'
  throw new Error(`case ${name} has no model`)
}

/** Numbers of nodes and edges of a convolution. */
function graphSize(name: string): readonly [number, number] {
  return name === 'A5' ? [21, 420] : [500 * scaleOf(name), 25_000 * scaleOf(name)]
}

async function inputsOf(name: string, dtype: Dtype, assets: Assets): Promise<Inputs> {
  const arrays = (entries: Readonly<Record<string, ShapedArray>>): Inputs => ({ arrays: new Map(Object.entries(entries)), structures: [], meta: {} })
  const normals = (seed: number, ...shape: readonly number[]): ShapedArray => {
    const size = shape.reduce((product, extent) => product * extent, 1)
    const part = seededNormals(seed, Math.min(size, longestSeeded))
    return { data: repeated(dtype === 'f32' ? Float32Array.from(part) : part, size), shape }
  }
  const integers = (data: Int32Array): ShapedArray => ({ data, shape: [data.length] })
  switch (name[0]) {
    case 'A': {
      const [nodes, edges] = graphSize(name)
      const [weights = 0, features = 0, harmonics = 0] = convolutionPolynomial(convolutionIrreps(name)).inputs.map(({ size }) => size)
      const receivers = integers(seededIntegers(5, edges, nodes).sort())
      const senders = integers(seededIntegers(4, edges, nodes))
      return arrays({ weights: normals(1, edges, weights), features: normals(2, nodes, features), harmonics: normals(3, edges, harmonics), senders, receivers })
    }
    case 'B': {
      const nodes = name === 'B21' ? 21 : 500 * scaleOf(name)
      const [weights = 0, features = 0] = contractionPolynomial(multiplicityOf(name, 128), ...contractionTargets(name)).inputs.map(({ size }) => size)
      return arrays({ weights: normals(1, 10, weights), features: normals(2, nodes, features), species: integers(seededIntegers(3, nodes, 10)) })
    }
    case 'C':
    case 'D': {
      const [weights = 0, features = 0] = linearPolynomial(name).inputs.map(({ size }) => size)
      const rows = name.startsWith('D') ? 10 : 1
      const nodes = 5000 * scaleOf(name)
      return arrays({ weights: normals(1, rows, weights), features: normals(2, nodes, features), species: integers(seededIntegers(3, nodes, 10).sort()) })
    }
    case 'T': {
      const [weights = 0, features = 0, harmonics = 0] = fullyConnectedPolynomial(name).inputs.map(({ size }) => size)
      return arrays({ weights: normals(1, 1, weights), features: normals(2, 1000, features), harmonics: normals(3, 1000, harmonics) })
    }
    case 'E':
      return arrays({ vectors: normals(1, 250_000 * scaleOf(name), 3) })
    case 'N':
      return points(Number(name.slice(2)))
    case 'G':
      return trainingInputs((await assets.aspirins()).slice(0, name.startsWith('G-64') ? scaleOf(name) : 5))
    default:
      return { arrays: new Map(), meta: {}, structures: await structuresOf(name, assets) }
  }
}

/** Points with 50 neighbours each within 5 Å. */
function points(count: number): Inputs {
  const cutoff = 5
  const length = ((count * 4 * Math.PI * cutoff ** 3) / 3 / 50) ** (1 / 3)
  const data: RawArray = seededNumbers(6, 3 * count, length)
  return { arrays: new Map([['positions', { data, shape: [count, 3] }]]), structures: [], meta: { cutoff, length } }
}

function trainingInputs(structures: readonly Structure[]): Inputs {
  const labels = structures.map((structure) => referenceLabels(structure))
  const energies = Float64Array.from(labels, ({ energy }) => energy ?? Number.NaN)
  const forces = Float64Array.from(labels.flatMap((label) => [...(label.forces ?? [])]))
  const arrays = new Map<string, ShapedArray>([['energies', { data: energies, shape: [energies.length] }], ['forces', { data: forces, shape: [forces.length / 3, 3] }]])
  return { arrays, structures, meta: {} }
}

async function structuresOf(name: string, assets: Assets): Promise<readonly Structure[]> {
  const atoms = name === 'F-water' ? 192 : Number(/^[SLM]-(\d+)/.exec(name)?.[1] ?? 21)
  return atoms === 21 ? (await assets.aspirins()).slice(0, 1) : [waterBox(Math.round(atoms / 3))]
}
