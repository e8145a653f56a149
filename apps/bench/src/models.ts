import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { collate, Mace, Structure, type Evaluation } from '@equivar/mace'
import type { CaseInput, OurCase } from './case.ts'

interface StructureRecord {
  readonly numbers: readonly number[]
  readonly positions: readonly (readonly number[])[]
  readonly cell: readonly (readonly number[])[] | null
  readonly pbc: readonly [boolean, boolean, boolean]
}

export function structuresOf({ meta }: CaseInput): Structure[] {
  const records = meta['structures'] as readonly StructureRecord[]
  return records.map(({ numbers, positions, cell, pbc }) => new Structure({ atomicNumbers: numbers, positions, ...(cell ? { cell } : {}), pbc }))
}

const models: Readonly<Record<string, string>> = { 'F-l0': 'aspirin_l0_c32.model', 'F-l1': 'aspirin_l1_c64.model' }

/** Energy and forces of a whole model, neighbour list included. */
export async function evaluation(input: CaseInput, modelFolder: string): Promise<OurCase> {
  const file = models[input.name]
  const bytes = readFileSync(file === undefined ? join(input.folder, 'model.model') : join(modelFolder, file))
  const model = await Mace.load(bytes, { dtype: input.dtype === 'f32' ? 'float32' : 'float64' })
  const structures = structuresOf(input)
  return {
    passes: {
      ef: {
        run: () => model.evaluate(structures, { forces: true }),
        async outputs(result) {
          const [first] = (await result) as readonly Evaluation[]
          return [Float64Array.of(first?.energy ?? Number.NaN), first?.forces ?? new Float64Array(0)]
        },
        finish: () => undefined,
      },
    },
    dispose() {
      model.dispose()
    },
  }
}

/** Periodic neighbour lists of random points. */
export function neighbors(input: CaseInput): OurCase {
  const positions = input.arrays.read('positions') as Float64Array
  const { cutoff, length } = input.meta as { readonly cutoff: number; readonly length: number }
  const numbers = new Int32Array(positions.length / 3).fill(1)
  const structure = new Structure({ atomicNumbers: numbers, positions, cell: [length, 0, 0, 0, length, 0, 0, 0, length], pbc: [true, true, true] })
  return {
    passes: {
      fwd: {
        run: () => collate([structure], cutoff),
        async outputs(result) {
          return [[((await result) as { readonly numEdges: number }).numEdges]]
        },
        finish: () => undefined,
      },
    },
    dispose: () => undefined,
  }
}
