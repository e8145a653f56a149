import { device, use } from '@equivar/core'
import { liveBuffers } from '@equivar/engine'
import { createCpu } from '@equivar/kernels-cpu'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Calculator } from '../../src/calculator.ts'
import type { Mace } from '../../src/mace.ts'
import { Structure } from '../../src/structures/index.ts'
import { fixtureNamed, flat, headOf, largestDifference, modelFixtures, structureOf } from './fixtures.ts'
import { HiddenBackend } from './hidden.ts'

const hidden = new HiddenBackend('cuda', ['f32', 'f64'])
/** Whole numbers take the place of float64. */
const single = new HiddenBackend('webgpu', ['f32'])
const options = { forces: true, stress: true, virials: true, nodeEnergies: true }
const cube = (length: number) => [length, 0, 0, 0, length, 0, 0, 0, length]

/** One of each kind of interaction, radial function, readout and embedding. */
const varied = new Set([
  'att', 'base_l2', 'base_l2_pbc', 'chebyshev_agnesi_zbl', 'density_agnesi_zbl_pbc', 'density_uncut', 'heads_2', 'joint_embedding', 'layers_3',
  'multihead', 'nonlinear', 'soft_zbl', 'uncut',
])

/** A jittered grid of atoms, the elements in turn. */
function atoms(count: number, length: number, numbers: readonly number[], seed = 1): Structure {
  const k = Math.ceil(Math.cbrt(count))
  let state = seed
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  const cells = Array.from({ length: count }, (_, n) => [Math.floor(n / k ** 2), Math.floor(n / k) % k, n % k])
  const positions = cells.map((cell) => cell.map((n) => ((n + 0.4 * random()) * length) / k))
  return new Structure({ atomicNumbers: positions.map((_, n) => numbers[n % numbers.length] ?? 1), positions, cell: cube(length), pbc: [true, true, true] })
}

/** Results where the host searches, and where the device does. */
async function expectSame(searching: Mace, reference: Mace, structure: Structure): Promise<void> {
  const [[own], [expected]] = await Promise.all([searching.evaluate([structure], options), reference.evaluate([structure], options)])
  expect(Math.abs((own?.energy ?? Number.NaN) - (expected?.energy ?? 0))).toBeLessThan(1e-9)
  for (const name of ['forces', 'stress', 'virials', 'nodeEnergies'] as const) expect(largestDifference(own?.[name], expected?.[name] ?? [])).toBeLessThan(1e-9)
}

describe('edges that are found in the program', () => {
  beforeAll(async () => {
    use(createCpu({ threads: 1 }), hidden, single)
    await Promise.all([device('cuda'), device('webgpu')])
  })

  afterAll(() => {
    expect(liveBuffers()).toBe(0)
  })

  const chosen = modelFixtures.filter(({ name }) => varied.has(name))
  it.each(chosen.map((fixture) => [fixture.name, fixture] as const))('%s: give what the reference gives', async (_, fixture) => {
    using model = fixture.load({ dtype: 'float64', device: 'cuda' })
    for (const structure of fixture.structures) {
      const head = headOf(model, fixture, structure)
      const [result] = await model.evaluate([structureOf(structure)], { stress: true, virials: true, contributions: true, head })
      expect(Math.abs((result?.energy ?? Number.NaN) - structure.energy)).toBeLessThanOrEqual(1e-9)
      expect(largestDifference(result?.forces, flat(structure.forces))).toBeLessThanOrEqual(1e-9)
      if (structure.virials) expect(largestDifference(result?.virials, flat(structure.virials))).toBeLessThanOrEqual(1e-9)
      if (structure.stress) expect(largestDifference(result?.stress, flat(structure.stress))).toBeLessThanOrEqual(1e-9)
      if (structure.contributions) expect(largestDifference(result?.contributions, structure.contributions)).toBeLessThanOrEqual(1e-9)
    }
  })

  const fixture = fixtureNamed('base_l2_pbc')
  const numbers = fixture.structures[0]?.numbers ?? [1]

  it('are those of the host for crystals, molecules, slabs, one atom, and atoms without neighbours', async () => {
    using searching = fixture.load({ device: 'cuda' })
    using reference = fixture.load({ device: 'cpu' })
    const crystal = atoms(30, 9, numbers)
    const { atomicNumbers, positions } = crystal
    const same = { atomicNumbers, positions }
    const [first = 1] = numbers
    for (const structure of [
      crystal,
      atoms(2, 3.1, numbers),
      new Structure(same),
      new Structure({ ...same, cell: cube(9), pbc: [true, true, false] }),
      new Structure({ atomicNumbers: [first], positions: [[1, 2, 3]] }),
      new Structure({ atomicNumbers: [first, first, first], positions: [[0, 0, 0], [0.9, 0, 0], [200, 0, 0]] }),
    ])
      await expectSame(searching, reference, structure)
  })

  it('find room when there are more of them, and never lack one', async () => {
    using searching = fixture.load({ device: 'cuda' })
    using reference = fixture.load({ device: 'cpu' })
    for (const length of [14, 11, 8, 7, 13]) await expectSame(searching, reference, atoms(30, length, numbers, length))
    const { positions, atomicNumbers } = atoms(30, 9, numbers)
    // All but a few far away: many more neighbours than the average.
    const clustered = positions.map((x, i) => (i < 36 ? x : x + 40 * Math.floor(i / 3)))
    await expectSame(searching, reference, new Structure({ atomicNumbers, positions: clustered }))
  })

  it('are left to the host where single edges are asked for, for batches, and for atoms at the same point', async () => {
    using searching = fixture.load({ device: 'cuda' })
    using reference = fixture.load({ device: 'cpu' })
    const structures = [atoms(8, 6, numbers), atoms(12, 7, numbers)]
    const both = await Promise.all([searching, reference].map((model) => model.evaluate(structures, { edgeForces: true, atomicVirials: true })))
    for (const g of [0, 1]) expect(largestDifference(both[0]?.[g]?.edgeForces?.forces, both[1]?.[g]?.edgeForces?.forces ?? [])).toBeLessThan(1e-9)
    const [first = 1] = numbers
    const meeting = new Structure({ atomicNumbers: [first, first], positions: [[0, 0, 0], [0, 0, 0]] })
    await expect(searching.evaluate([meeting])).rejects.toThrow(/atoms 0 and 1 are at the same point/)
  })

  it('come and go with one write, one replay and one read', async () => {
    using model = fixture.load({ device: 'cuda' })
    const structure = atoms(27, 9, numbers)
    const [first] = await model.evaluate([structure])
    hidden.taken()
    const [again] = await model.evaluate([structure])
    expect(hidden.taken()).toEqual({ writes: 1, launches: 0, replays: 1, reads: 1 })
    expect(again).toEqual(first)
  })

  it('are found again by a calculator, which keeps no list then', async () => {
    using model = fixture.load({ device: 'cuda' })
    const calculator = new Calculator(model, { stress: true })
    const structure = atoms(20, 8, numbers)
    expect(await calculator.calculate(structure)).toEqual((await model.evaluate([structure], { stress: true }))[0])
    expect(calculator.numLists).toBe(0)
    expect(model.findsNeighbors({ edgeForces: true })).toBe(false)
    using other = fixture.load({ device: 'cpu' })
    expect(other.findsNeighbors()).toBe(false)
  })

  it('have vectors of whole numbers where there is no float64, also far from the origin', async () => {
    using searching = fixture.load({ device: 'webgpu' })
    using reference = fixture.load({ device: 'cpu', dtype: 'float64' })
    const crystal = atoms(40, 10, numbers)
    const { atomicNumbers, positions } = crystal
    const moved = new Structure({ atomicNumbers, positions: positions.map((x) => x + 3000), cell: cube(10), pbc: [true, true, true] })
    const [expected] = await reference.evaluate([crystal], { virials: true })
    for (const structure of [crystal, moved]) {
      const [own] = await searching.evaluate([structure], { virials: true })
      const size = Math.max(...(expected?.forces ?? []).map(Math.abs))
      expect(largestDifference(own?.forces, expected?.forces ?? [])).toBeLessThan(2e-6 * size + 2e-6)
      expect(Math.abs((own?.energy ?? Number.NaN) - (expected?.energy ?? 0))).toBeLessThan(1e-6 * Math.abs(expected?.interactionEnergy ?? 0) + 4e-6)
      expect(largestDifference(own?.virials, expected?.virials ?? [])).toBeLessThan(1e-4)
    }
    expect(single.taken().replays).toBeGreaterThan(0)
  })
})
