import { array, cast, scope } from '@equivar/engine'
import { describe, expect, it } from 'vitest'
import { edgeVectors, graphArrays } from '../../src/evaluation/batch-inputs.ts'
import type { readModelFile } from '../../src/checkpoint/index.ts'
import { maceIrreps } from '../../src/model/irreps.ts'
import { MaceNetwork } from '../../src/model/network.ts'
import { Parameters } from '../../src/model/parameters.ts'
import { collate, type GraphBatch } from '../../src/structures/index.ts'
import { flat, largestDifference, modelFixtures, structureOf, type ModelFixture, type ReferenceStructure } from './fixtures.ts'

describe('intermediate results equal the reference', () => {
  const fixtures = modelFixtures.filter(({ name, structures }) => !name.startsWith('float32') && name !== 'half_storages' && structures.some(({ intermediates }) => Object.keys(intermediates ?? {}).length > 0))

  it.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('%s', async (_, fixture) => {
    let compared = 0
    for (const structure of fixture.structures) compared += await compare(fixture, structure)
    expect(compared).toBeGreaterThan(4)
  })
})

/** Number of intermediates that were compared. */
async function compare(fixture: ModelFixture, reference: ReferenceStructure): Promise<number> {
  const { intermediates = {} } = reference
  if (Object.keys(intermediates).length === 0) return 0
  using model = fixture.load({ dtype: 'float64' })
  const { definition, heads, cutoff } = model
  const structure = structureOf(reference)
  const batch = await collate([structure], cutoff)
  const parameters = Parameters.fromDefinition(definition, 'float64')
  const network = new MaceNetwork(definition, 'reference')
  const found = new Map<string, Promise<ArrayLike<number>>>()
  scope(() => {
    const vectors = cast(array(edgeVectors(batch), { shape: [batch.numEdges, 3] }), 'float64')
    const head = Math.max(0, heads.indexOf(reference.head ?? fixture.head))
    const graph = graphArrays(batch, vectors, [structure], definition.architecture, { head, dtype: 'float64', paired: false })
    network.apply(network.prepare(parameters), graph, (name, value) => found.set(name, value.data()))
  })
  parameters.dispose()
  let compared = 0
  for (const [name, expected] of Object.entries(intermediates)) {
    const own = await found.get(name)
    if (!own) continue
    compared++
    const irreps = irrepsOf(name, definition.architecture.layers)
    const rows = name.startsWith('spherical') || name.startsWith('radial') ? edgeRows(batch, reference) : undefined
    const width = rows ? flat(expected).length / rows.length : 0
    const values = rows ? rows.flatMap((row) => [...Array.from({ length: width }, (_, k) => own[row * width + k] ?? Number.NaN)]) : name.startsWith('interactions') ? channelMajor(own, irreps) : irrepsMajor(own, irreps)
    expect([name, largestDifference(values, flat(expected)) <= 1e-10]).toEqual([name, true])
  }
  return compared
}

function irrepsOf(name: string, layers: ReturnType<typeof readModelFile>['architecture']['layers']): string | undefined {
  const [kind, t] = name.split('.')
  const layer = layers[Number(t)]
  return kind === 'interactions' ? layer?.interaction.target : kind === 'products' ? layer?.product.hidden : undefined
}

/** [N, (component, channel)] → [N, channel, component] */
function channelMajor(values: ArrayLike<number>, irreps: string | undefined): number[] {
  const segments = [...maceIrreps(irreps ?? '')]
  const channels = segments[0]?.mul ?? 1
  const components = segments.reduce((sum, { ir }) => sum + ir.dim, 0)
  return Array.from({ length: values.length }, (_, n) => {
    const [row, u, a] = [Math.floor(n / (channels * components)), Math.floor(n / components) % channels, n % components]
    return values[row * channels * components + a * channels + u] ?? Number.NaN
  })
}

/** Segment by segment, (irrep, mul) → (mul, irrep). */
function irrepsMajor(values: ArrayLike<number>, irreps: string | undefined): number[] {
  if (irreps === undefined) return Array.from(values)
  const segments = [...maceIrreps(irreps)]
  const width = segments.reduce((sum, { dim }) => sum + dim, 0)
  const out: number[] = []
  for (let row = 0; row < values.length / width; row++) {
    let start = row * width
    for (const { mul, ir } of segments) {
      for (let u = 0; u < mul; u++) for (let m = 0; m < ir.dim; m++) out.push(values[start + m * mul + u] ?? Number.NaN)
      start += mul * ir.dim
    }
  }
  return out
}

/** Our numbers of the first edges of the reference. */
function edgeRows(batch: GraphBatch, reference: ReferenceStructure): number[] {
  const { edge_index: [senders = [], receivers = []] = [], unit_shifts: shifts = [], intermediates = {} } = reference
  const count = (intermediates['spherical_harmonics'] as readonly unknown[]).length
  return Array.from({ length: count }, (_, k) =>
    batch.senders.findIndex(
      (sender, e) =>
        sender === senders[k] && batch.receivers[e] === receivers[k] && [0, 1, 2].every((axis) => batch.unitShifts[3 * e + axis] === shifts[k]?.[axis]),
    ),
  )
}
