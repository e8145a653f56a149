import { device, InputError, use } from '@equivar/core'
import { array, compile, grad, liveBuffers, mul, scope, square, sum, track, type NDArray } from '@equivar/engine'
import { createCpu } from '@equivar/kernels-cpu'
import { afterAll, describe, expect, it } from 'vitest'
import { edgeVectors, graphArrays } from '../../src/evaluation/batch-inputs.ts'
import { totalEnergy } from '../../src/evaluation/computation.ts'
import { nodesPerChunk, type MemoryUse } from '../../src/evaluation/memory.ts'
import { collate, Structure, type MaceOptions } from '../../src/index.ts'
import { disposeTree } from '../../src/model/dispose-tree.ts'
import type { GraphArrays } from '../../src/model/graph.ts'
import { MaceNetwork } from '../../src/model/network.ts'
import { Parameters } from '../../src/model/parameters.ts'
import { fixtureNamed, largestDifference, modelFixtures, structureOf, type ModelFixture } from './fixtures.ts'
import { HiddenBackend } from './hidden.ts'

afterAll(() => {
  expect(liveBuffers()).toBe(0)
})

/** Energies of atoms, ∂E/∂vectors, and at order 2 the gradient of half the latter's square, of the first structure of a fixture. */
async function derivativesOf(fixture: ModelFixture, chunk: number | undefined, order: 1 | 2, isCompiled = false): Promise<readonly Float64Array[]> {
  using model = fixture.load({ method: 'naive' })
  const { definition } = model
  const structure = structureOf(fixture.structures[0] ?? expect.fail('a fixture without structures'))
  const batch = await collate([structure], definition.architecture.cutoff, { method: 'naive' })
  const network = new MaceNetwork(definition, 'reference')
  const parameters = Parameters.fromDefinition(definition, 'float64')
  const results = scope(() => {
    const weights = network.prepare(parameters)
    const given = array(edgeVectors(batch), { shape: [batch.numEdges, 3], dtype: 'float64' })
    const rest = graphArrays(batch, given, [structure], definition.architecture, { head: 0, dtype: 'float64', paired: false, nodesPerChunk: chunk })
    const f = (leaf: NDArray): NDArray[] => {
      const vectors = track(leaf)
      const output = network.apply(weights, { ...rest, vectors })
      const gradient = grad(totalEnergy(output), [vectors], { createGraph: order === 2, allowUnused: true })
      const second = order === 2 ? grad(mul(sum(square(gradient[0] ?? vectors)), 0.5), [vectors], { allowUnused: true }) : []
      return [output.nodeEnergies, ...gradient, ...second]
    }
    if (!isCompiled) return f(given)
    using program = compile(f)
    return program(given)
  })
  parameters.dispose()
  const numbers = await Promise.all(results.map(async (x) => Float64Array.from(await x.data())))
  for (const x of results) x.dispose()
  return numbers
}

function expectSame(found: readonly Float64Array[], expected: readonly Float64Array[]): void {
  for (const [k, values] of expected.entries()) expect(largestDifference(found[k], values)).toBeLessThanOrEqual(1e-12 * Math.max(1, ...values.map(Math.abs)))
}

describe('edges in chunks of nodes, without kernels', () => {
  it.each(modelFixtures.map((fixture) => [fixture.name, fixture] as const))('give what all edges together give: %s', async (_, fixture) => {
    expectSame(await derivativesOf(fixture, 2, 1), await derivativesOf(fixture, undefined, 1))
  })

  it.each(['base_l2_pbc', 'density', 'nonlinear'])('and the same second derivatives: %s', async (name) => {
    const fixture = fixtureNamed(name)
    expectSame(await derivativesOf(fixture, 2, 2), await derivativesOf(fixture, undefined, 2))
  })
})

describe('edges in chunks of nodes, on the processor', () => {
  it.each([['base_l2_pbc', 1, [1, 64]], ['density_agnesi_zbl_pbc', 1, [3]], ['base_l2', 2, [2]]] as const)('are a program: %s', async (name, order, chunks) => {
    use(createCpu({ threads: 2 }))
    const fixture = fixtureNamed(name)
    const expected = await derivativesOf(fixture, undefined, order, true)
    for (const chunk of chunks) expectSame(await derivativesOf(fixture, chunk, order, true), expected)
  })
})

describe('a program of edges in chunks', () => {
  it('serves other numbers of atoms, edges and chunks without a trace of its own', async () => {
    use(createCpu({ threads: 2 }))
    const fixture = fixtureNamed('base_l2')
    using model = fixture.load()
    const { definition } = model
    const network = new MaceNetwork(definition, 'reference')
    const parameters = Parameters.fromDefinition(definition, 'float64')
    const weights = scope(() => network.prepare(parameters))
    const program = compile((tree: Omit<GraphArrays, 'numNodes' | 'features'>) => {
      const vectors = track(tree.vectors)
      const output = network.apply(weights, { ...tree, vectors, numNodes: tree.species.shape[0] ?? 0, features: new Map() })
      return [output.nodeEnergies, ...grad(totalEnergy(output), [vectors])]
    })
    const whole = structureOf(fixture.structures[0] ?? expect.fail('a fixture without structures'))
    for (const numAtoms of [9, 7, 8, 6]) {
      const structure = new Structure({ atomicNumbers: whole.atomicNumbers.slice(0, numAtoms), positions: whole.positions.slice(0, 3 * numAtoms) })
      const batch = await collate([structure], definition.architecture.cutoff)
      const results = scope(() => {
        const vectors = array(edgeVectors(batch), { shape: [batch.numEdges, 3], dtype: 'float64' })
        const { numNodes, features, ...tree } = graphArrays(batch, vectors, [structure], definition.architecture, {
          head: 0, dtype: 'float64', paired: false, nodesPerChunk: 2,
        })
        expect([numNodes, features.size]).toEqual([numAtoms, 0])
        return program(tree)
      })
      await Promise.all(results.map((x) => x.data()))
      for (const x of results) x.dispose()
    }
    expect(program.statistics().newShapes).toMatchObject({ by: 'sizes' })
    program.dispose()
    parameters.dispose()
    disposeTree(weights)
  })
})

/** Copies of a structure side by side, more atoms than a chunk has. */
function repeated({ atomicNumbers, positions }: Structure): Structure {
  const copies = Array.from({ length: 32 }, (_, k) => Array.from(positions, (x, i) => (i % 3 === 0 ? x + 12 * k : x)))
  return new Structure({ atomicNumbers: copies.flatMap(() => [...atomicNumbers]), positions: copies.flat() })
}

describe('the option memory', () => {
  const fixture = fixtureNamed('example_16x0e_16x1o_l3')
  const structure = repeated(structureOf(fixture.structures[0] ?? expect.fail('a fixture without structures')))
  const wanted = { forces: true, virials: true, atomicVirials: true, edgeForces: true, descriptors: true } as const

  async function evaluated(options: MaceOptions) {
    using model = fixture.load({ dtype: 'float64', ...options })
    const [result] = await model.evaluate([structure], wanted)
    const { steps } = await model.explain([structure], wanted)
    return { result, isInChunks: steps.some(({ primitives }) => primitives.includes('scan')) }
  }

  it("changes no result; 'auto' is 'full' where there is room and 'low' where there is not", async () => {
    use(createCpu({ threads: 2, maxBytes: 2 ** 27 }))
    const full = await evaluated({ memory: 'full' })
    const cases = { low: await evaluated({ memory: 'low' }), auto: await evaluated({}) }
    use(createCpu({ threads: 2, maxBytes: 2 ** 24 }))
    const scarce = await evaluated({ memory: 'auto' })
    expect([full, cases.low, cases.auto, scarce].map(({ isInChunks }) => isInChunks)).toEqual([false, true, false, true])
    for (const { result } of [cases.low, scarce])
      for (const name of ['forces', 'virials', 'atomicVirials'] as const) expect(largestDifference(result?.[name], full.result?.[name] ?? [])).toBeLessThan(1e-12)
    expect(largestDifference(cases.low.result?.edgeForces?.forces, full.result?.edgeForces?.forces ?? [])).toBeLessThan(1e-12)
    expect(cases.low.result?.energy).toBeCloseTo(full.result?.energy ?? Number.NaN, 11)
  })

  it.each([['cuda', 'float64', 1e-12], ['webgpu', 'float32', 1e-5]] as const)('serves devices whose memory the host does not see: %s', async (kind, dtype, tolerance) => {
    const floats = dtype === 'float64' ? (['f32', 'f64'] as const) : (['f32'] as const)
    use(createCpu({ threads: 2 }), new HiddenBackend(kind, floats, { maxBufferBytes: 2 ** 27 }))
    await device(kind)
    const found = await evaluated({ memory: 'low', device: kind, dtype })
    const expected = await evaluated({ memory: 'full' })
    expect([found.isInChunks, expected.isInChunks]).toEqual([true, false])
    expect(largestDifference(found.result?.forces, expected.result?.forces ?? [])).toBeLessThan(tolerance)
  })

  it('is known by name', () => {
    expect(() => fixture.load({ memory: 'none' as MemoryUse })).toThrow(InputError)
    expect(() => fixture.load({ memory: 'none' as MemoryUse })).toThrow(/memory 'none' is unknown; use 'auto', 'full' or 'low'/)
  })

  it('chooses chunks by what the device holds, and never more nodes than there are', () => {
    using model = fixture.load()
    const { architecture } = model.definition
    const request = (memory: MemoryUse, maxBufferBytes: number) => ({ memory, architecture, dtype: 'float32', capabilities: { lanes: 'gpu', maxBufferBytes } }) as const
    const batch = { numNodes: 100_000, numEdges: 5_000_000 }
    const large = nodesPerChunk(request('low', 2 ** 37), batch) ?? 0
    const small = nodesPerChunk(request('low', 2 ** 32), batch) ?? 0
    expect(Math.log2(large) % 1).toBe(0)
    expect(small).toBeLessThan(large)
    expect(nodesPerChunk(request('auto', 2 ** 37), batch)).toBeUndefined()
    expect(nodesPerChunk(request('auto', 2 ** 32), batch)).toBe(small)
    expect(nodesPerChunk(request('full', 2 ** 20), batch)).toBeUndefined()
    // An array larger than a kernel can have, on a device that holds all of them.
    const ofParts = { ...request('auto', 2 ** 37), capabilities: { lanes: 'gpu', maxBufferBytes: 2 ** 37, maxBindingBytes: 2 ** 28 } } as const
    expect(nodesPerChunk(ofParts, batch)).toBe(nodesPerChunk({ ...ofParts, memory: 'low' }, batch))
    expect(nodesPerChunk(ofParts, batch)).toBeLessThan(large)
    expect(nodesPerChunk(request('low', 2 ** 37), { numNodes: 5, numEdges: 20 })).toBeUndefined()
    expect(nodesPerChunk(request('low', 2 ** 37), { numNodes: 5000, numEdges: 0 })).toBeUndefined()
  })
})
