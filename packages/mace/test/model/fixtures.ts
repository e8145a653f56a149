import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { readModelFile } from '../../src/checkpoint/index.ts'
import { Mace, type MaceOptions } from '../../src/mace.ts'
import { Structure, type AtomArray, type InfoValue } from '../../src/structures/index.ts'

export type Nested = number | readonly Nested[]

/** What the reference computes with one structure. */
export interface ReferenceOutputs {
  readonly energy: number
  readonly interaction_energy?: number
  readonly node_energy: readonly number[]
  readonly forces: Nested
  readonly stress?: Nested
  readonly virials?: Nested
  readonly atomic_virials?: Nested
  readonly hessian?: Nested
  readonly node_feats?: Nested
  readonly contributions?: readonly number[]
  readonly edge_forces?: Nested
}

export interface ReferenceStructure extends ReferenceOutputs {
  readonly numbers: readonly number[]
  readonly positions: readonly (readonly number[])[]
  readonly cell: readonly (readonly number[])[]
  readonly pbc: readonly boolean[]
  readonly head?: string
  readonly features?: Readonly<Record<string, number | readonly number[]>>
  readonly edge_index?: readonly (readonly number[])[]
  readonly unit_shifts?: readonly (readonly number[])[]
  readonly intermediates?: Readonly<Record<string, Nested>>
  /** Outputs of a float32 model in double precision. */
  readonly float64?: ReferenceOutputs
}

export interface ModelFixture {
  readonly name: string
  readonly head: string
  readonly structures: readonly ReferenceStructure[]
  readonly batch?: { readonly energy: readonly number[]; readonly forces: Nested }
  readonly load: (options?: MaceOptions) => Mace
}

const folders = ['../reference/fixtures/', '../fixtures/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

function unpack(path: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(path)))
}

/** Every model that has reference outputs. */
export const modelFixtures: readonly ModelFixture[] = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.model.gz'))
    .map((file) => {
      const name = file.slice(0, -'.model.gz'.length)
      const json = JSON.parse(new TextDecoder().decode(unpack(`${folder}${name}.json.gz`))) as Omit<ModelFixture, 'name' | 'load'>
      return { ...json, name, load: (options?: MaceOptions) => Mace.fromDefinition(readModelFile(unpack(folder + file)), options) }
    }),
)

export function fixtureNamed(name: string): ModelFixture {
  const found = modelFixtures.find((fixture) => fixture.name === name)
  if (!found) throw new Error(`no fixture ${name}`)
  return found
}

export function structureOf({ numbers, positions, cell, pbc, features = {} }: ReferenceStructure): Structure {
  const info: Record<string, InfoValue> = {}
  const arrays: Record<string, AtomArray> = {}
  for (const [name, value] of Object.entries(features)) {
    if (typeof value === 'number') info[name] = value
    else arrays[name] = { kind: 'real', components: 1, data: Float64Array.from(value) }
  }
  return new Structure({ atomicNumbers: numbers, positions, cell, pbc, info, arrays })
}

/** The head that a structure was evaluated with, as far as the model names it. */
export function headOf(model: Mace, fixture: ModelFixture, structure: ReferenceStructure): string | undefined {
  return [structure.head, fixture.head].find((head) => head !== undefined && model.heads.includes(head))
}

export function flat(values: Nested): number[] {
  return typeof values === 'number' ? [values] : values.flatMap(flat)
}

/** max |a − b|, infinite when the lengths differ. */
export function largestDifference(a: ArrayLike<number> | undefined, b: ArrayLike<number>): number {
  if (a?.length !== b.length) return Infinity
  let worst = 0
  for (let i = 0; i < b.length; i++) worst = Math.max(worst, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)))
  return Number.isNaN(worst) ? Infinity : worst
}
