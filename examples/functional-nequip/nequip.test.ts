import { use } from '@equivar/core'
import { evalShape, jit, numpy as np, random, tree, type DeviceArray } from '@equivar/functional'
import { cpu } from '@equivar/kernels-cpu'
import { describe, expect, test, vi } from 'vitest'
import { energiesAndForces, init, type Batch, type NequipConfig, type NequipParams } from './nequip.ts'

const small: NequipConfig = { numLayers: 2, numFeatures: 4, numSpecies: 3, maxEll: 2, numRadial: 8, hiddenIrreps: '0e + 1o + 2e + 3o', cutoff: 3, epsilon: 0.1 }

/** `√2 sin(0.37 (i + 1)²)` */
function goldenNumbers(shape: readonly number[]): DeviceArray {
  const size = shape.reduce((a, b) => a * b, 1)
  return np.array(Float64Array.from({ length: size }, (_, i) => Math.SQRT2 * Math.sin(0.37 * (i + 1) ** 2)), { shape, dtype: 'float64' })
}

const integers = (count: number, f: (i: number) => number) => np.array(Array.from({ length: count }, (_, i) => f(i)), { dtype: 'int32' })
const batch: Batch = {
  vectors: np.array(Array.from({ length: 10 }, (_, i) => [1.1 * Math.sin(1 + 0.9 * i), 1.1 * Math.cos(0.5 + 1.3 * i), 1.1 * Math.sin(2 + 0.4 * i)]), { dtype: 'float64' }),
  senders: integers(10, (i) => (3 * i) % 6),
  receivers: integers(10, (i) => (5 * i + 1) % 6),
  species: integers(6, (a) => (7 * a) % 3),
  graphs: integers(6, (a) => Math.floor((a * 2) / 6)),
  numAtoms: integers(2, () => 3),
}

describe('the numbers of the reference', () => {
  test('energies and forces, eager and as a program', async () => {
    const params = tree.map((x) => goldenNumbers(x.shape), init(random.key(0), small, 'float64'))
    for (const f of [energiesAndForces, jit((p: NequipParams, c: NequipConfig, b: Batch) => energiesAndForces(p, c, b))]) {
      const { energies, forces } = f(params, small, batch)
      const found = await energies.data()
      for (const [g, expected] of [1.1633126, 1.1931257].entries()) expect(found[g]).toBeCloseTo(expected, 6)
      const row = await forces.at(0).data()
      for (const [axis, expected] of [-0.100327, 0.10471, -0.075174].entries()) expect(row[axis]).toBeCloseTo(expected, 5)
    }
  })

  test.each([
    [64, 4_260_544],
    [128, 16_584_576],
    [256, 65_464_576],
  ])('the number of parameters with %i features', (numFeatures, expected) => {
    const config = { numLayers: 3, numFeatures, numSpecies: 50, maxEll: 3, numRadial: 8, hiddenIrreps: '0e + 1o + 2e + 3o', cutoff: 5, epsilon: 1 / 20 }
    const params = evalShape((key: random.Key) => init(key, config), random.key(0))
    expect(tree.reduce((sum, { size }: DeviceArray) => sum + size, params, 0)).toBe(expected)
  })
})

test('the program runs as it stands', async () => {
  use(cpu)
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('./main.ts')
  const lines = log.mock.calls.map((line) => line.map(String).join(' '))
  log.mockRestore()
  expect(lines[0]).toMatch(/^\d+ parameters$/)
  expect(lines.at(-1)).toBe('sum of forces vanishes')
})
