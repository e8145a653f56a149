import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { expect, it } from 'vitest'
import { Mace } from '../../src/mace.ts'
import { parseXyz } from '../../src/structures/index.ts'

const example = (name: string) => readFileSync(new URL(`../../../../examples/aspirin/${name}`, import.meta.url))
const bytes = gunzipSync(example('models/aspirin_l0_c32.model.gz'))
const structures = parseXyz(example('frames.xyz').toString()).slice(0, 24)

/** All numbers of a batch that is large enough for its launches to be shared out. */
async function evaluate(dtype: 'float32' | 'float64', threads: number): Promise<unknown[]> {
  const backend = createCpu({ threads })
  const device = backend.openSync()
  use({ ...backend, openSync: () => device, open: () => Promise.resolve(device) })
  using model = await Mace.load(bytes, { dtype, device: 'cpu' })
  const results = []
  for (let k = 0; k < 2; k++) {
    const evaluated = await model.evaluate(structures, { nodeEnergies: true, virials: true })
    for (const { energy, forces, nodeEnergies, virials } of evaluated) results.push(energy, forces, nodeEnergies, virials)
  }
  device.close()
  expect(results).toHaveLength(8 * structures.length)
  return results
}

it.each(['float32', 'float64'] as const)('energies, forces and virials are the same bits on one, two and three threads, and again, in %s', async (dtype) => {
  const [first, ...others] = [await evaluate(dtype, 1), await evaluate(dtype, 2), await evaluate(dtype, 3)]
  expect(first.slice(first.length / 2)).toEqual(first.slice(0, first.length / 2))
  for (const other of others) expect(other).toEqual(first)
})
