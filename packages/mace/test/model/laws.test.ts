import { O3 } from '@equivar/core'
import { liveBuffers } from '@equivar/engine'
import { afterAll, describe, expect, it } from 'vitest'
import type { Mace } from '../../src/mace.ts'
import type { Structure } from '../../src/structures/index.ts'
import { fixtureNamed, headOf, largestDifference, modelFixtures, structureOf, type ModelFixture } from './fixtures.ts'

/** One fixture for every interaction class, radial basis, transform and parity, and the options that change formulas. */
const names = [
  ...['agnostic', 'agnostic_parity', 'residual', 'residual_parity', 'density', 'density_parity', 'density_residual', 'density_residual_parity'],
  ...['att', 'att_parity', 'nonlinear', 'nonlinear_mh1', 'gaussian', 'chebyshev', 'agnesi', 'soft_zbl', 'uncut', 'so3', 'correlation_4_l1', 'l4'],
  ...['heads_2', 'joint_embedding', 'readout_bias'],
]
const cases = names.map((name) => [name, fixtureNamed(name)] as const)

/** An orthogonal matrix that mixes all axes: a rotation, or with `sign` −1 a rotation and an inversion. */
function orthogonal(sign: number): number[] {
  const { data } = new O3(1, -1).expMap([0.7, -1.1, 0.4], [0])
  return Array.from(data, (entry) => sign * entry)
}

/** `x_row ← x_row Rᵀ` for every row of three. */
function rotate(values: ArrayLike<number>, rotation: readonly number[]): Float64Array {
  return Float64Array.from({ length: values.length }, (_, n) => {
    const [row, i] = [n - (n % 3), n % 3]
    return [0, 1, 2].reduce((sum, j) => sum + (rotation[3 * i + j] ?? 0) * (values[row + j] ?? 0), 0)
  })
}

interface Sample {
  readonly structure: Structure
  readonly head: string | undefined
}

function samples(model: Mace, fixture: ModelFixture): Sample[] {
  return fixture.structures.slice(0, 3).map((reference) => ({ structure: structureOf(reference), head: headOf(model, fixture, reference) }))
}

async function evaluate(model: Mace, structure: Structure, head: string | undefined) {
  const [result] = await model.evaluate([structure], { nodeEnergies: true, virials: true, head })
  if (!result?.forces || !result.nodeEnergies || !result.virials) throw new Error('incomplete result')
  return { energy: result.energy, forces: result.forces, nodeEnergies: result.nodeEnergies, virials: result.virials }
}

/** A reproducible displacement of every coordinate. */
function direction(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + 0.3))
}

describe.each(cases)('%s', (_, fixture) => {
  afterAll(() => {
    expect(liveBuffers()).toBe(0)
  })

  it('forces are minus the derivative of the energy, and the virial minus that by strain', async () => {
    using model = fixture.load({ dtype: 'float64', chebyshevForces: 'exact' })
    const step = 1e-4
    for (const { structure, head } of samples(model, fixture)) {
      const { forces, virials } = await evaluate(model, structure, head)
      const energyAt = async (change: (structure: Structure, h: number) => Structure, h: number) => (await evaluate(model, change(structure, h), head)).energy
      const slope = async (change: (structure: Structure, h: number) => Structure) => {
        const rise = async (h: number) => (await energyAt(change, h)) - (await energyAt(change, -h))
        return (8 * (await rise(step)) - (await rise(2 * step))) / (12 * step)
      }
      const d = direction(structure.positions.length)
      const moved = await slope((s, h) => s.with({ positions: s.positions.map((x, i) => x + h * (d[i] ?? 0)) }))
      const work = forces.reduce((sum, f, i) => sum - f * (d[i] ?? 0), 0)
      expect(Math.abs(moved - work)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(work)))

      const strain = [0.3, -0.2, 0.1, -0.2, 0.5, 0.4, 0.1, 0.4, -0.6]
      const strained = (values: Float64Array, h: number) => rotate(values, strain.map((e, n) => Number(n % 4 === 0) + h * e))
      const byStrain = await slope((s, h) => s.with({ positions: strained(s.positions, h), cell: s.cell ? strained(s.cell, h) : null }))
      const virialWork = strain.reduce((sum, e, n) => sum - e * (virials[n] ?? 0), 0)
      expect(Math.abs(byStrain - virialWork)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(virialWork)))
    }
  })

  it.each([
    ['rotation', 1],
    ['rotation and inversion', -1],
  ])('energies are invariant and forces turn along under %s', async (_name, sign) => {
    // A model for SO(3) knows no parity.
    if (sign < 0 && fixture.name.startsWith('so3')) return
    using model = fixture.load({ dtype: 'float64', chebyshevForces: 'exact' })
    const rotation = orthogonal(sign)
    for (const { structure, head } of samples(model, fixture)) {
      const before = await evaluate(model, structure, head)
      const turned = structure.with({ positions: rotate(structure.positions, rotation), cell: structure.cell ? rotate(structure.cell, rotation) : null })
      const after = await evaluate(model, turned, head)
      const scale = 1 + Math.max(...before.forces.map(Math.abs))
      expect(largestDifference(after.nodeEnergies, before.nodeEnergies)).toBeLessThanOrEqual(1e-10)
      expect(largestDifference(after.forces, rotate(before.forces, rotation))).toBeLessThanOrEqual(1e-10 * scale)
    }
  })

  it('the order of atoms does not matter', async () => {
    using model = fixture.load({ dtype: 'float64', chebyshevForces: 'exact' })
    for (const { structure, head } of samples(model, fixture)) {
      const before = await evaluate(model, structure, head)
      const order = Array.from({ length: structure.numAtoms }, (_unused, i) => (i * 5 + 2) % structure.numAtoms)
      if (new Set(order).size < order.length) order.sort((a, b) => b - a)
      const permutation = new Set(order).size === order.length ? order : Array.from(structure.atomicNumbers.keys()).reverse()
      const pick = (values: Float64Array, width: number) => Float64Array.from(permutation.flatMap((i) => [...values.subarray(width * i, width * i + width)]))
      const shuffled = structure.with({
        atomicNumbers: permutation.map((i) => structure.atomicNumbers[i] ?? 0),
        positions: pick(structure.positions, 3),
        arrays: new Map([...structure.arrays].map(([name, own]) => [name, own.kind === 'real' ? { ...own, data: pick(own.data, own.components) } : own])),
      })
      const after = await evaluate(model, shuffled, head)
      const scale = 1 + Math.max(...before.forces.map(Math.abs))
      expect(largestDifference(after.nodeEnergies, pick(before.nodeEnergies, 1))).toBeLessThanOrEqual(1e-10)
      expect(largestDifference(after.forces, pick(before.forces, 3))).toBeLessThanOrEqual(1e-10 * scale)
    }
  })

  it('a supercell has the energy of its cells, and the same forces in each', async () => {
    using model = fixture.load({ dtype: 'float64', chebyshevForces: 'exact' })
    const crystal = samples(model, fixture).find(({ structure }) => structure.cell !== null && structure.pbc[0])
    if (!crystal) return
    const { structure, head } = crystal
    const cell = [...(structure.cell ?? [])]
    const shift = (x: number, i: number) => x + (cell[i % 3] ?? 0)
    const doubled = structure.with({
      atomicNumbers: [...structure.atomicNumbers, ...structure.atomicNumbers],
      positions: [...structure.positions, ...structure.positions.map(shift)],
      cell: cell.map((x, n) => (n < 3 ? 2 * x : x)),
      arrays: new Map([...structure.arrays].map(([name, own]) => [name, own.kind === 'real' ? { ...own, data: Float64Array.of(...own.data, ...own.data) } : own])),
    })
    const [one, two] = [await evaluate(model, structure, head), await evaluate(model, doubled, head)]
    expect(Math.abs(two.energy - 2 * one.energy)).toBeLessThanOrEqual(1e-9)
    expect(largestDifference(two.forces, [...one.forces, ...one.forces])).toBeLessThanOrEqual(1e-9)
  })
})

it('every model of the list is there', () => {
  expect(modelFixtures.length).toBeGreaterThanOrEqual(70)
})
