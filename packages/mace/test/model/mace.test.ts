import { DtypeError, EquivarError, InputError } from '@equivar/core'
import { liveBuffers } from '@equivar/engine'
import { afterAll, describe, expect, it } from 'vitest'
import { Calculator } from '../../src/calculator.ts'
import { Mace } from '../../src/mace.ts'
import { collate, Structure } from '../../src/structures/index.ts'
import { fixtureNamed, largestDifference, structureOf } from './fixtures.ts'

const fixture = fixtureNamed('residual')
const water = new Structure({ symbols: ['O', 'H', 'H'], positions: [[0, 0, 0.1], [0.96, 0, 0], [-0.24, 0.93, 0]] })

afterAll(() => {
  expect(liveBuffers()).toBe(0)
})

describe('Mace', () => {
  it('applies the Hessian to a vector as the Hessian itself does', async () => {
    using model = fixture.load()
    const [result] = await model.evaluate([water], { hessian: true })
    const hessian = result?.hessian ?? new Float64Array()
    const vector = Float64Array.from({ length: 9 }, (_, i) => Math.cos(2.1 * i))
    const expected = Array.from({ length: 9 }, (_, i) => vector.reduce((sum, v, j) => sum + (hessian[9 * i + j] ?? 0) * v, 0))
    expect(largestDifference(await model.hessianVectorProduct(water, vector), expected)).toBeLessThanOrEqual(1e-10)
    const step = 1e-4
    const movedBy = (h: number) => water.with({ positions: water.positions.map((x, i) => x + h * (vector[i] ?? 0)) })
    const forcesAt = async (h: number) => (await model.evaluate([movedBy(h)]))[0]?.forces ?? new Float64Array()
    const [plus, minus] = [await forcesAt(step), await forcesAt(-step)]
    const quotient = plus.map((f, i) => -(f - (minus[i] ?? 0)) / (2 * step))
    expect(largestDifference(quotient, expected)).toBeLessThanOrEqual(1e-5)
  })

  it('gives a Hessian that is symmetric and sums to zero over translations', async () => {
    using model = fixture.load()
    const [result] = await model.evaluate([water], { hessian: true, forces: false })
    const h = result?.hessian ?? new Float64Array()
    for (let i = 0; i < 9; i++) {
      for (let j = 0; j < 9; j++) expect(Math.abs((h[9 * i + j] ?? 0) - (h[9 * j + i] ?? 0))).toBeLessThanOrEqual(1e-10)
      expect(Math.abs([0, 3, 6].reduce((sum, j) => sum + (h[9 * i + j] ?? 0), 0))).toBeLessThanOrEqual(1e-10)
    }
    expect(result?.forces).toBeUndefined()
  })

  it('gives the same results in batches of any size', async () => {
    using model = fixture.load()
    const structures = fixture.structures.map(structureOf)
    const inBatchesOf = (batchSize?: number) => model.evaluate(structures, { batchSize })
    const [together, alone, some] = await Promise.all([inBatchesOf(), inBatchesOf(1), inBatchesOf(4)])
    for (const [i, result] of together.entries())
      for (const other of [alone[i], some[i]]) {
        expect(Math.abs(result.energy - (other?.energy ?? Number.NaN))).toBeLessThanOrEqual(1e-11)
        expect(largestDifference(result.forces, other?.forces ?? [])).toBeLessThanOrEqual(1e-11)
      }
  })

  it('gives bitwise the same numbers every time', async () => {
    using model = fixture.load()
    const [first, second] = [await model.evaluate([water]), await model.evaluate([water])]
    expect(second).toEqual(first)
  })

  it('gives node features of all layers, of the first, and scalars only', async () => {
    using model = fixture.load()
    const [all] = await model.evaluate([water], { descriptors: true })
    const [first] = await model.evaluate([water], { descriptors: { numLayers: 1 } })
    const [scalars] = await model.evaluate([water], { descriptors: { numLayers: 1, invariantsOnly: true } })
    expect([all?.descriptors?.shape, first?.descriptors?.shape, scalars?.descriptors?.shape]).toEqual([[3, 15], [3, 12], [3, 3]])
    expect(Array.from(scalars?.descriptors?.data.subarray(0, 3) ?? [])).toEqual(Array.from(all?.descriptors?.data.subarray(0, 3) ?? []))
  })

  it('refuses what it cannot evaluate', async () => {
    using model = fixture.load()
    const iron = new Structure({ symbols: ['O', 'Fe'], positions: [[0, 0, 0], [0, 0, 1]] })
    await expect(model.evaluate([iron])).rejects.toThrow(/atom 1 is Fe, but the model knows only H, C, O/)
    await expect(model.evaluate([water], { head: 'pbe' })).rejects.toThrow(/head 'pbe' is unknown; the model has 'Default'/)
    await expect(model.evaluate([water], { batchSize: 0 })).rejects.toThrow(InputError)
    await expect(model.evaluate([water], { descriptors: { numLayers: 7 } })).rejects.toThrow(/numLayers is 7, but the model has 2/)
    await expect(model.hessianVectorProduct(water, [1, 2])).rejects.toThrow(/2 components, the structure needs 9/)
    await expect(model.evaluate([water.with({ positions: [[0, 0, 0], [0, 0, 0], [1, 0, 0]] })])).rejects.toThrow(EquivarError)
    expect(() => Mace.fromDefinition(model.definition, { dtype: 'int8' as 'float32' })).toThrow(DtypeError)
    expect(() => Mace.fromDefinition(model.definition, { precision: 'low' as 'float32' })).toThrow(/precision 'low' is unknown; use 'float32' or 'tensorfloat32'/)
    expect(() => Mace.fromDefinition(model.definition, { precision: 'tensorfloat32', dtype: 'float32' })).toThrow(/device 'cpu' has no units for precision 'tensorfloat32'/)
    expect(() => Mace.fromDefinition(model.definition, { chebyshevForces: 'none' as 'exact' })).toThrow(/chebyshevForces 'none' is unknown/)
  })

  it('names the structure that it refuses by its place in the whole list', async () => {
    using model = fixture.load()
    const iron = new Structure({ symbols: ['O', 'Fe'], positions: [[0, 0, 0], [0, 0, 1]] })
    const meeting = water.with({ positions: [[0, 0, 0], [0, 0, 0], [1, 0, 0]] })
    await expect(model.evaluate([water, water, iron])).rejects.toThrow('structure 2: atom 1 is Fe')
    for (const batchSize of [1, 2, 3])
      await expect(model.evaluate([water, water, meeting], { batchSize })).rejects.toThrow('structure 2: atoms 0 and 1 are at the same point')
    await expect(model.evaluate([meeting])).rejects.toThrow(/^atoms 0 and 1/)
    // Lists as they come from code without types.
    const untyped = (structures: unknown) => model.evaluate(structures as Structure[])
    await expect(untyped(water)).rejects.toThrow(/evaluate\(\[structure\]\)/)
    await expect(untyped([water, {}])).rejects.toThrow(/entry 1 of the list is no Structure/)
  })

  it('refuses results that are not finite', async () => {
    using model = fixtureNamed('soft_zbl').load()
    const [z = 1] = model.definition.architecture.atomicNumbers
    const pair = (distance: number) => new Structure({ atomicNumbers: [z, z], positions: [[0, 0, 0], [0, 0, distance]] })
    await expect(model.evaluate([pair(1), pair(1e-155)], { batchSize: 1 })).rejects.toThrow(/structure 1: .*(?:energy|force) is/)
    using single = fixtureNamed('soft_zbl').load({ dtype: 'float32' })
    await expect(single.evaluate([pair(1e-60)])).rejects.toThrow(/structure 0: the energy is/)
  })

  it('refuses a vector for the Hessian that is not finite', async () => {
    using model = fixture.load()
    await expect(model.hessianVectorProduct(water, [1, 2, 3, 4, 5, 6, 7, 8, Number.NaN])).rejects.toThrow(InputError)
  })

  it('refuses a graph that is not that of the structures', async () => {
    using model = fixture.load()
    const batch = await collate([water, water], model.cutoff)
    const [expected] = await model.evaluate([water])
    for (const result of await model.evaluateGraph([water, water], batch))
      expect(largestDifference(result.forces, expected?.forces ?? [])).toBeLessThanOrEqual(1e-12)
    const cases = [
      [[water], batch, /2 graphs of 6 nodes, the list 1 structures of 3 atoms/],
      [[water, water], { ...batch, positions: batch.positions.subarray(3) }, /batch.positions has 15 entries.*need 18/],
      [[water, water], { ...batch, senders: batch.senders.subarray(1) }, /batch.senders has 11 entries/],
      [[water, water], { ...batch, atomicNumbers: batch.atomicNumbers.map(() => 6) }, /atoms of graph 0 are not those of structure 0/],
      [[water, water], { ...batch, batch: batch.batch.map(() => 0) }, /atoms of graph 1/],
      [[water, water], { ...batch, senders: batch.senders.map((node, e) => (e === 0 ? 4 : node)) }, /edge 0 of graph 0 ends at node 4, outside of its nodes 0 to 2/],
      [[water, water], { ...batch, receivers: batch.receivers.map(() => -1) }, /node -1/],
      [[water, water], { ...batch, positions: batch.positions.map(() => Number.NaN) }, /not finite/],
    ] as const
    for (const [structures, changed, message] of cases) await expect(model.evaluateGraph(structures, changed)).rejects.toThrow(message)
  })

  it('gives edges, their forces, atomic virials and node features of each structure in a batch', async () => {
    using model = fixture.load()
    const crystal = fixture.structures.map(structureOf).find(({ pbc }) => pbc[0]) ?? never()
    const options = { edgeForces: true, atomicVirials: true, descriptors: true, virials: true, stress: true } as const
    const [[alone], [, second]] = await Promise.all([model.evaluate([crystal], options), model.evaluate([water, crystal], options)])
    const parts = (result: typeof alone) => {
      const { senders, receivers, unitShifts, forces } = result?.edgeForces ?? never()
      return [senders, receivers, unitShifts, forces, result?.atomicVirials, result?.descriptors?.data, result?.virials, result?.stress]
    }
    const [expected, found] = [parts(alone), parts(second)]
    for (const [k, values] of expected.entries()) expect([k, largestDifference(found[k], values ?? never()) <= 1e-11]).toEqual([k, true])
    const work = Float64Array.from(alone?.forces ?? [], () => 0)
    for (const [n, g] of (alone?.edgeForces?.forces ?? []).entries())
      for (const [nodes, sign] of [[alone?.edgeForces?.senders, 1], [alone?.edgeForces?.receivers, -1]] as const) {
        const at = 3 * (nodes?.[Math.floor(n / 3)] ?? 0) + (n % 3)
        work[at] = (work[at] ?? 0) + sign * g
      }
    expect(largestDifference(work, alone?.forces ?? [])).toBeLessThanOrEqual(1e-11)
    const [, hessian] = await model.evaluateGraph([water, crystal], await collate([water, crystal], model.cutoff), { hessian: true })
    const [single] = await model.evaluate([crystal], { hessian: true })
    expect(largestDifference(hessian?.hessian, single?.hessian ?? never())).toBeLessThanOrEqual(1e-10)
    const summed = Array.from({ length: 9 }, (_, n) => alone?.atomicVirials?.reduce((sum, v, i) => sum + (i % 9 === n ? v : 0), 0) ?? Number.NaN)
    expect(largestDifference(alone?.virials, summed)).toBeLessThanOrEqual(1e-10)
  })

  it('takes spin 1 and charge 0 where a structure does not say', async () => {
    const joint = fixtureNamed('joint_embedding')
    using model = joint.load()
    const reference = structureOf(joint.structures[1] ?? never())
    const info = (entries: readonly (readonly [string, number])[]) => reference.with({ info: new Map(entries) })
    const others = [...reference.info].flatMap(([name, value]) =>
      ['total_spin', 'total_charge'].includes(name) || typeof value !== 'number' ? [] : [[name, value] as const],
    )
    const [silent, said] = await model.evaluate([info(others), info([...others, ['total_spin', 1], ['total_charge', 0]])], { batchSize: 1 })
    expect(silent?.energy).toBe(said?.energy)
  })

  it('uses the head named default unless another is named', async () => {
    using loaded = fixtureNamed('heads_2').load()
    const { definition } = loaded
    const structure = structureOf(fixtureNamed('heads_2').structures[0] ?? never())
    for (const heads of [['DEFAULT', 'other'], ['other', 'default']]) {
      using model = Mace.fromDefinition({ ...definition, architecture: { ...definition.architecture, heads } })
      const [byDefault, first, second] = await Promise.all([undefined, ...heads].map(async (head) => (await model.evaluate([structure], { head }))[0]?.energy))
      expect(byDefault).toBe(heads[0] === 'other' ? second : first)
      expect(first).not.toBe(second)
    }
  })

  it('adds the self connection only where the product block does', async () => {
    using model = fixture.load()
    const { architecture } = model.definition
    const layers = architecture.layers.map((layer) => ({ ...layer, product: { ...layer.product, useSelfConnection: false } }))
    using without = Mace.fromDefinition({ ...model.definition, architecture: { ...architecture, layers } })
    const [[a], [b]] = [await model.evaluate([water]), await without.evaluate([water])]
    expect(Math.abs((a?.energy ?? 0) - (b?.energy ?? 0))).toBeGreaterThan(1e-6)
  })

  it('cannot be used after it was disposed, and says so', async () => {
    const model = fixture.load()
    const calculator = new Calculator(model)
    const batch = await collate([water], model.cutoff)
    model.dispose()
    model.dispose()
    const uses = [
      () => model.evaluate([water]),
      () => model.evaluateGraph([water], batch),
      () => model.hessianVectorProduct(water, new Float64Array(9)),
      () => calculator.calculate(water),
    ]
    for (const use of uses) {
      await expect(use()).rejects.toThrow(InputError)
      await expect(use()).rejects.toThrow(/the model was disposed; load it again/)
    }
  })

  it('holds no more buffers after 200 evaluations than after one', async () => {
    using model = fixture.load()
    await model.evaluate([water], { stress: true })
    const before = liveBuffers()
    for (let i = 0; i < 200; i++) await model.evaluate([water], { stress: true })
    expect(liveBuffers()).toBe(before)
  })

  it('asks for a head where several could be meant', async () => {
    using model = fixtureNamed('heads_3').load()
    await expect(model.evaluate([water])).rejects.toThrow(/a head must be chosen; the model has/)
  })

  it('names what a joint embedding needs', async () => {
    using model = fixtureNamed('joint_embedding').load()
    await expect(model.evaluate([water])).rejects.toThrow(/structure 0: the model needs arrays.site/)
    const complete = structureOf(fixtureNamed('joint_embedding').structures[1] ?? fixtureNamed('joint_embedding').structures[0] ?? never())
    const spin = complete.with({ info: new Map([...complete.info, ['total_spin', 17]]) })
    await expect(model.evaluate([spin])).rejects.toThrow(/structure 0: total_spin is 17; the model knows whole numbers from 1 to 4/)
    for (const value of [0, 5, 1.5]) await expect(model.evaluate([complete.with({ info: new Map([...complete.info, ['total_spin', value]]) })])).rejects.toThrow(/whole numbers/)
  })

  it('stops when it is told to', async () => {
    using model = fixture.load()
    const controller = new AbortController()
    controller.abort(new Error('enough'))
    const { signal } = controller
    const batch = await collate([water], model.cutoff)
    const before = liveBuffers()
    for (const structures of [[water], []]) await expect(model.evaluate(structures, { signal })).rejects.toThrow('enough')
    await expect(model.evaluateGraph([water], batch, { signal })).rejects.toThrow('enough')
    await expect(model.hessianVectorProduct(water, new Float64Array(9), { signal })).rejects.toThrow('enough')
    await expect(new Calculator(model).calculate(water, { signal })).rejects.toThrow('enough')
    expect(liveBuffers()).toBe(before)
  })

  it('stops in the middle of a single evaluation, of a Hessian, and between batches, and keeps nothing', async () => {
    using model = fixture.load()
    const lattice = Array.from({ length: 512 }, (_, i) => [1.6 * (i % 8), 1.6 * (Math.floor(i / 8) % 8), 1.6 * Math.floor(i / 64) + 0.01 * (i % 3)])
    const block = new Structure({ symbols: lattice.map(() => 'C'), positions: lattice })
    const before = liveBuffers()
    for (const [structures, options] of [[[block], {}], [[block], { hessian: true }], [Array.from({ length: 5000 }, () => water), { batchSize: 1 }]] as const) {
      const controller = new AbortController()
      setTimeout(() => controller.abort(new Error('enough')), 60)
      await expect(model.evaluate(structures, { ...options, signal: controller.signal })).rejects.toThrow('enough')
      expect(liveBuffers()).toBe(before)
    }
  })
})

describe('Calculator', () => {
  it('gives the results of the model along a trajectory, and keeps its neighbour list', async () => {
    // Scalars of both atoms make its weights, also beyond the cutoff: an edge too many changes the energy.
    using model = fixtureNamed('att').load()
    const crystal = fixture.structures.map(structureOf).find(({ pbc }) => pbc[0]) ?? never()
    for (const start of [water, crystal]) {
      const calculator = new Calculator(model, { skin: 1, stress: true })
      for (let step = 0; step < 12; step++) {
        const moved = start.with({ positions: start.positions.map((x, i) => x + 0.1 * step * Math.sin(i)) })
        const [expected] = await model.evaluate([moved], { stress: true })
        const result = await calculator.calculate(moved)
        // The same edges in the same order: the same numbers to the last bit.
        expect(result).toEqual(expected)
      }
      expect(calculator.numLists).toBeGreaterThan(1)
      expect(calculator.numLists).toBeLessThan(6)
    }
  })

  it('builds a new list when anything but positions changes, and every time without a skin', async () => {
    using model = fixture.load()
    const crystal = fixture.structures.map(structureOf).find(({ pbc }) => pbc[0]) ?? never()
    const calculator = new Calculator(model, { skin: 1 })
    const swapped = Array.from(crystal.atomicNumbers).reverse()
    const cell = (crystal.cell ?? never()).map((x) => 1.02 * x)
    const changed = [crystal.with({ cell }), crystal.with({ pbc: false }), crystal.with({ atomicNumbers: swapped })]
    expect(swapped).not.toEqual(Array.from(crystal.atomicNumbers))
    for (const other of changed) {
      for (const structure of [crystal, other]) {
        const before = calculator.numLists
        const [expected] = await model.evaluate([structure])
        expect(await calculator.calculate(structure)).toEqual(expected)
        expect(calculator.numLists).toBe(before + 1)
      }
    }
    const withoutSkin = new Calculator(model, { skin: 0 })
    for (let i = 0; i < 3; i++) await withoutSkin.calculate(water)
    expect(withoutSkin.numLists).toBe(3)
  })

  it('refuses a negative skin and atoms that meet', async () => {
    using model = fixture.load()
    expect(() => new Calculator(model, { skin: -1 })).toThrow(/skin is -1/)
    const calculator = new Calculator(model, { skin: 4 })
    await calculator.calculate(water)
    await expect(calculator.calculate(water.with({ positions: [[0, 0, 0.1], [0, 0, 0.1], [-0.24, 0.93, 0]] }))).rejects.toThrow(/at the same point/)
  })
})

function never(): never {
  throw new Error('the fixture has no such structure')
}
