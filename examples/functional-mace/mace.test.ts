import { range, use } from '@equivar/core'
import { evalShape, jit, numpy as np, optimizers, random, tree, valueAndGrad, type DeviceArray } from '@equivar/functional'
import { cpu } from '@equivar/kernels-cpu'
import { describe, expect, test, vi } from 'vitest'
import { energiesAndForces, init, type MaceConfig, type MaceParams } from './mace.ts'
import { batchOfGolden, goldenNumbers } from './golden.ts'
import { lossOf, trainingStep } from './training.ts'

const small: MaceConfig = {
  numLayers: 2,
  numFeatures: 4,
  numSpecies: 3,
  maxEll: 2,
  correlation: 2,
  numRadial: 4,
  interactionIrreps: '0e + 1o + 2e',
  hiddenIrreps: '0e + 1o',
  cutoff: 3,
  epsilon: 0.1,
  skipConnectionFirstLayer: true,
  offsets: [0.5, -0.25, 1],
}

describe('the numbers of the reference', () => {
  test.each([
    [{ numLayers: 1, skipConnectionFirstLayer: true }, [2.36144621, 2.32139047], { 0: [-0.219286, 0.087543, -0.107668], 4: [0.491264, 0.306934, 0.03456] }],
    [{ numLayers: 2, skipConnectionFirstLayer: false }, [1.25230914, 1.2255434], { 0: [-0.31594, 0.17409, -0.102694], 3: [-0.138134, -0.510855, 0.320446] }],
    [{ numLayers: 2, skipConnectionFirstLayer: true }, [2.2472624, 2.29975255], { 0: [-0.295704, 0.067286, -0.500074], 3: [1.446712, 0.806598, 0.153468] }],
  ] as const)('%j', async (options, expectedEnergies, expectedForces) => {
    const config = { ...small, ...options }
    const params = tree.map((x) => goldenNumbers(x.shape), init(random.key(0), config, 'float64'))
    for (const f of [energiesAndForces, jit((p: MaceParams, c: MaceConfig, b: ReturnType<typeof batchOfGolden>) => energiesAndForces(p, c, b))]) {
      const { energies, forces } = f(params, config, batchOfGolden())
      const found = await energies.data()
      for (const [g, expected] of expectedEnergies.entries()) expect(found[g]).toBeCloseTo(expected, 7)
      for (const [atom, expected] of Object.entries<readonly number[]>(expectedForces)) {
        const row = await forces.at(Number(atom)).data()
        for (const [axis, value] of expected.entries()) expect(row[axis]).toBeCloseTo(value, 5)
      }
    }
  })

  test('a masked edge gives no force, and changes nothing else', async () => {
    const params = tree.map((x) => goldenNumbers(x.shape), init(random.key(0), small, 'float64'))
    const batch = batchOfGolden()
    const edge = 4
    const mask = np.array(Array.from({ length: 10 }, (_, e) => Number(e !== edge)), { dtype: 'float64' })
    const [whole, masked] = [energiesAndForces(params, small, batch), energiesAndForces(params, small, { ...batch, mask })]
    expect(await masked.energies.data()).toEqual(await whole.energies.data())
    const [missing, sender, receiver] = [await whole.forces.sub(masked.forces).data(), (3 * edge) % 6, (5 * edge + 1) % 6]
    for (let atom = 0; atom < 6; atom++)
      for (let axis = 0; axis < 3; axis++) {
        const [own, ofSender] = [missing[3 * atom + axis] ?? Number.NaN, missing[3 * sender + axis] ?? Number.NaN]
        expect(own).toBeCloseTo(atom === sender ? ofSender : atom === receiver ? -ofSender : 0, 12)
      }
    expect(Math.max(...missing.map(Math.abs))).toBeGreaterThan(1e-3)
  })

  const published = { numLayers: 2, maxEll: 3, correlation: 3, numRadial: 8, numSpecies: 50, interactionIrreps: '0e + 1o + 2e + 3o', cutoff: 5, epsilon: 1 / 20 }
  const offsets = range(50).map(() => 0)
  test.each([
    ['MP-S', '0e', 128, true, 2_284_944],
    ['MP-M', '0e + 1o', 128, true, 2_836_368],
    ['MP-L', '0e + 1o + 2e', 128, true, 3_508_368],
    ['OFF-S', '0e', 96, false, 2_756_400],
    ['OFF-M', '0e + 1o', 128, false, 5_293_968],
    ['OFF-L', '0e + 1o + 2e', 192, false, 12_368_592],
  ] as const)('the number of parameters of %s', (_, hiddenIrreps, numFeatures, skipConnectionFirstLayer, expected) => {
    const params = evalShape((key: random.Key) => init(key, { ...published, hiddenIrreps, numFeatures, skipConnectionFirstLayer, offsets }), random.key(0))
    expect(tree.reduce((sum, { size }: DeviceArray) => sum + size, params, 0)).toBe(expected)
  })
})

test('a training step is one program, does what its parts do, and learns', async () => {
  const config = { ...small, numFeatures: 2 }
  const [batch, optimizer] = [batchOfGolden(), optimizers.chain(optimizers.clipByGlobalNorm(10), optimizers.adam(0.01))]
  const targets = energiesAndForces(init(random.key(1), config, 'float64'), config, batch)
  const step = trainingStep(config, optimizer)
  let params = init(random.key(0), config, 'float64')
  let state = optimizer.init(params)
  const losses: number[] = []
  for (let k = 0; k < 12; k++) {
    const result = step(params, state, batch, targets)
    if (k < 2) {
      const [loss, gradients] = valueAndGrad((own: MaceParams) => lossOf(own, config, batch, targets))(params)
      const [updates] = optimizer.update(gradients, state, params)
      const [eager, found] = [optimizers.applyUpdates(params, updates), result.params].map((tree) => treeData(tree))
      expect(await result.loss.item()).toBeCloseTo(await loss.item(), 10)
      const differences = await Promise.all((eager ?? []).map(async (x, i) => maxDifference(await x.data(), (await found?.[i]?.data()) ?? [])))
      expect(Math.max(...differences)).toBeLessThan(1e-9)
    }
    params = result.params
    state = result.state
    losses.push(await result.loss.item())
  }
  expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] ?? 0))
  expect(step.statistics().map(({ traces, calls }) => [traces, calls])).toEqual([[1, 12]])
})

const treeData = (params: MaceParams) => tree.leaves(params)
const maxDifference = (a: ArrayLike<number>, b: ArrayLike<number>) => Math.max(...Array.from(a, (x, i) => Math.abs(x - (b[i] ?? Number.NaN))))

test('the program runs as it stands', async () => {
  use(cpu)
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('./main.ts')
  const lines = log.mock.calls.map((line) => line.map(String).join(' '))
  log.mockRestore()
  expect(lines.map((line) => line.replace(/ [^ ]*$/, ''))).toEqual(['step 0: loss', 'step 20: loss', 'step 40: loss'])
  const [first = 0, , last = 0] = lines.map((line) => Number(line.split(' ').at(-1)))
  expect(last).toBeLessThan(0.5 * first)
})
