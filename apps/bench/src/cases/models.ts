import { collate, Mace, Structure, type Evaluation, type MaceOptions } from '@equivar/mace'
import type { CaseInput, Dtype, OurCase, Runtime } from './case.ts'

/** How the model of a case is evaluated: endings of names are options. */
export function modelOptions(name: string, dtype: Dtype, device: string): MaceOptions {
  return {
    dtype: dtype === 'f32' ? 'float32' : 'float64',
    device,
    memory: name.endsWith('-low') ? 'low' : 'auto',
    precision: name.endsWith('-tf32') ? 'tensorfloat32' : 'float32',
  }
}

/** Energy and forces of a whole model, neighbour list included. */
export async function evaluation(input: CaseInput, { device, method }: Runtime): Promise<OurCase> {
  const model = await Mace.load(await input.model(), { ...modelOptions(input.name, input.dtype, device), method })
  const { structures } = input
  const options = { forces: true, batchSize: structures.length }
  return {
    passes: {
      ef: {
        run: () => model.evaluate(structures, options),
        async outputs(result) {
          const [first] = (await result) as readonly Evaluation[]
          return [Float64Array.of(first?.energy ?? Number.NaN), first?.forces ?? new Float64Array(0)]
        },
        finish: () => undefined,
        ...(method === 'naive' ? {} : { work: () => model.explain(structures, { forces: true }) }),
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
