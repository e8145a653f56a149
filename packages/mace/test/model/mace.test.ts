import { DtypeError, EquivarError, InputError } from '@equivar/core'
import { liveBuffers } from '@equivar/engine'
import { afterAll, describe, expect, it } from 'vitest'
import { Calculator } from '../../src/calculator.ts'
import { Mace } from '../../src/mace.ts'
import { Structure } from '../../src/structures/index.ts'
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
    await expect(model.evaluate([spin])).rejects.toThrow(/total_spin is 17; the model knows whole numbers from 1 to 4/)
  })

  it('stops when it is told to', async () => {
    using model = fixture.load()
    const controller = new AbortController()
    controller.abort(new Error('enough'))
    await expect(model.evaluate([water], { signal: controller.signal })).rejects.toThrow('enough')
  })
})

describe('Calculator', () => {
  it('gives the results of the model along a trajectory, and keeps its neighbour list', async () => {
    using model = fixture.load()
    const crystal = fixture.structures.map(structureOf).find(({ pbc }) => pbc[0]) ?? never()
    for (const start of [water, crystal]) {
      const calculator = new Calculator(model, { skin: 1, stress: true })
      for (let step = 0; step < 12; step++) {
        const moved = start.with({ positions: start.positions.map((x, i) => x + 0.1 * step * Math.sin(i)) })
        const [expected] = await model.evaluate([moved], { stress: true })
        const result = await calculator.calculate(moved)
        expect(Math.abs(result.energy - (expected?.energy ?? Number.NaN))).toBeLessThanOrEqual(1e-11)
        expect(largestDifference(result.forces, expected?.forces ?? [])).toBeLessThanOrEqual(1e-11)
        expect(largestDifference(result.stress, expected?.stress ?? [])).toBeLessThanOrEqual(1e-11)
      }
      expect(calculator.numLists).toBeGreaterThan(1)
      expect(calculator.numLists).toBeLessThan(6)
    }
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
