import { afterAll, describe, expect, it } from 'vitest'
import { use } from '@equivar/core'
import { liveBuffers, type MethodChoice } from '@equivar/engine'
import { createCpu } from '@equivar/kernels-cpu'
import type { Evaluation } from '../../src/evaluation/options.ts'
import type { Mace } from '../../src/mace.ts'
import { flat, headOf, largestDifference, modelFixtures, structureOf, type ModelFixture, type ReferenceOutputs } from './fixtures.ts'

/** A float32 file stores its couplings rounded to float32, which we do not repeat: float32 tolerances hold for it. */
const singlePrecisionFiles = new Set(['float32', 'float32_density_zbl', 'half_storages'])

function tolerances(fixture: ModelFixture, expected: ReferenceOutputs) {
  if (!singlePrecisionFiles.has(fixture.name)) return { energy: 1e-9, forces: 1e-9 }
  const size = Math.max(...flat(expected.forces).map(Math.abs))
  return { energy: 1e-6 * expected.node_energy.length + 1e-6 * Math.abs(expected.interaction_energy ?? 0), forces: 1e-5 * size + 1e-5 }
}

/** The reference lists edges in another order. */
function sorted(values: ArrayLike<number> | undefined): Float64Array {
  return Float64Array.from(values ?? []).sort()
}

async function evaluateAll(model: Mace, fixture: ModelFixture): Promise<[Evaluation, ReferenceOutputs][]> {
  const pairs: [Evaluation, ReferenceOutputs][] = []
  for (const structure of fixture.structures) {
    const expected = structure.float64 ?? structure
    const [result] = await model.evaluate([structureOf(structure)], {
      stress: expected.stress !== undefined,
      virials: expected.virials !== undefined,
      nodeEnergies: true,
      contributions: true,
      atomicVirials: expected.atomic_virials !== undefined,
      hessian: expected.hessian !== undefined,
      descriptors: expected.node_feats !== undefined,
      edgeForces: expected.edge_forces !== undefined,
      head: headOf(model, fixture, structure),
    })
    if (result) pairs.push([result, expected])
  }
  return pairs
}

// More than one thread, so that what depends on their order shows.
use(createCpu({ threads: 2 }))
const methods: readonly MethodChoice[] = ['naive', 'auto']

describe.each(methods)('models equal the reference, method %s', (method) => {
  afterAll(() => {
    expect(liveBuffers()).toBe(0)
  })

  it.each(modelFixtures.map((fixture) => [fixture.name, fixture] as const))('%s', async (_, fixture) => {
    // The published float32 fixture has single-precision outputs only; it is compared below in its own dtype.
    if (fixture.name === 'float32' && fixture.structures.every(({ float64 }) => float64 === undefined)) return
    using model = fixture.load({ dtype: 'float64', method })
    const pairs = await evaluateAll(model, fixture)
    expect(pairs).toHaveLength(fixture.structures.length)
    for (const [result, expected] of pairs) {
      const { energy, forces } = tolerances(fixture, expected)
      expect(Math.abs(result.energy - expected.energy)).toBeLessThanOrEqual(energy)
      expect(largestDifference(result.nodeEnergies, expected.node_energy)).toBeLessThanOrEqual(energy)
      expect(largestDifference(result.forces, flat(expected.forces))).toBeLessThanOrEqual(forces)
      if (expected.interaction_energy !== undefined) expect(Math.abs(result.interactionEnergy - expected.interaction_energy)).toBeLessThanOrEqual(1e-2)
      if (expected.stress !== undefined) expect(largestDifference(result.stress, flat(expected.stress))).toBeLessThanOrEqual(forces)
      if (expected.virials !== undefined) expect(largestDifference(result.virials, flat(expected.virials))).toBeLessThanOrEqual(10 * forces)
      if (expected.atomic_virials !== undefined) expect(largestDifference(result.atomicVirials, flat(expected.atomic_virials))).toBeLessThanOrEqual(forces)
      if (expected.hessian !== undefined) expect(largestDifference(result.hessian, flat(expected.hessian))).toBeLessThanOrEqual(forces)
      const summed = (result.contributions ?? new Float64Array()).reduce((sum, term) => sum + term, 0)
      expect(Math.abs(summed - result.energy)).toBeLessThanOrEqual(1e-12 * Math.abs(result.energy))
      if (expected.contributions !== undefined) expect(largestDifference(result.contributions, expected.contributions)).toBeLessThanOrEqual(1e-9)
      const edgeForces = expected.edge_forces && sorted(flat(expected.edge_forces))
      if (edgeForces) expect(largestDifference(sorted(result.edgeForces?.forces), edgeForces)).toBeLessThanOrEqual(10 * forces)
      if (expected.node_feats !== undefined) expect(largestDifference(result.descriptors?.data, flat(expected.node_feats))).toBeLessThanOrEqual(1e-10)
    }
  })

  it.each(modelFixtures.filter(({ batch }) => batch !== undefined).map((fixture) => [fixture.name, fixture] as const))('%s as one ragged batch', async (_, fixture) => {
    using model = fixture.load({ dtype: 'float64', method })
    if (model.heads.length > 1 || !fixture.batch || singlePrecisionFiles.has(fixture.name)) return
    const results = await model.evaluate(fixture.structures.map(structureOf), { batchSize: fixture.structures.length })
    expect(largestDifference(results.map(({ energy }) => energy), fixture.batch.energy)).toBeLessThanOrEqual(1e-9)
    expect(largestDifference(results.flatMap(({ forces }) => [...(forces ?? [])]), flat(fixture.batch.forces))).toBeLessThanOrEqual(1e-9)
  })
})

describe.each(methods)('float32 arithmetic stays within its tolerance of the float64 reference, method %s', (method) => {
  it.each(modelFixtures.map((fixture) => [fixture.name, fixture] as const))('%s', async (_, fixture) => {
    using model = fixture.load({ dtype: 'float32', method })
    for (const structure of fixture.structures) {
      const expected = structure.float64 ?? structure
      const [result] = await model.evaluate([structureOf(structure)], { head: headOf(model, fixture, structure) })
      const forces = flat(expected.forces)
      const interaction = Math.abs(expected.interaction_energy ?? 0)
      const energyTolerance = 1e-6 * structure.numbers.length + 1e-6 * interaction
      // Outputs that the reference itself made in float32 carry the rounding of the total energy there.
      const published = structure.float64 === undefined && fixture.name === 'float32' ? 1e-3 : 0
      expect(Math.abs((result?.energy ?? Number.NaN) - expected.energy)).toBeLessThanOrEqual(energyTolerance + published)
      expect(largestDifference(result?.forces, forces)).toBeLessThanOrEqual(1e-5 * Math.max(...forces.map(Math.abs)) + 1e-5)
    }
  })
})
