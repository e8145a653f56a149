import { InputError, type BackendDevice } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { findNeighbors, neighborGrid, neighborListPlans, type NeighborProblem } from '../../src/kernels/neighbor-list/index.ts'
import { compiledDevice, gpu, interpreterDevice, Random, run, simd } from './support.ts'

type Cell = readonly (readonly [number, number, number])[]

async function list(problem: NeighborProblem, device: BackendDevice, target: typeof simd) {
  const plans = neighborListPlans(neighborGrid(problem), target)
  const found = await run(plans.search, { inputs: [problem.positions], outputs: plans.searchOutputs }, device)
  const numEdges = found[0]?.at(-1) ?? 0
  const outputs = [numEdges, numEdges, 3 * numEdges].map((length) => ({ scalar: 'i32', length }) as const)
  const edges = await run(plans.fill(numEdges), { inputs: [problem.positions, ...found], outputs }, device)
  return { coincident: found[1]?.[0] ?? 0, edges: edges.map((own) => Array.from(own)) }
}

/** All pairs, all shifts. */
function everyPair({ positions, basis, pbc, cutoff }: NeighborProblem, reach: number): readonly number[][] {
  const range = pbc.map((isPeriodic) => (isPeriodic ? Array.from({ length: 2 * reach + 1 }, (_, k) => k - reach) : [0]))
  const [senders, receivers, shifts]: [number[], number[], number[]] = [[], [], []]
  const at = (i: number, k: number) => positions[3 * i + k] ?? 0
  for (let i = 0; i < positions.length / 3; i++)
    for (let j = 0; j < positions.length / 3; j++)
      for (const a of range[0] ?? [])
        for (const b of range[1] ?? [])
          for (const c of range[2] ?? []) {
            const d = [0, 1, 2].map((k) => at(i, k) - at(j, k) + (a * (basis[k] ?? 0) + b * (basis[3 + k] ?? 0) + c * (basis[6 + k] ?? 0)))
            const length = Math.sqrt((d[0] ?? 0) * (d[0] ?? 0) + (d[1] ?? 0) * (d[1] ?? 0) + (d[2] ?? 0) * (d[2] ?? 0))
            if (length >= cutoff || (i === j && a === 0 && b === 0 && c === 0)) continue
            senders.push(j)
            receivers.push(i)
            shifts.push(a, b, c)
          }
  return [senders, receivers, shifts]
}

function problem(numAtoms: number, cell: Cell, pbc: NeighborProblem['pbc'], cutoff: number, spread = 1): NeighborProblem {
  const random = new Random(41 + numAtoms)
  const basis = cell.flat()
  const positions = new Float64Array(3 * numAtoms)
  for (let i = 0; i < numAtoms; i++) {
    const f = [0, 1, 2].map(() => random.between(-spread / 2, 1 + spread / 2))
    for (let k = 0; k < 3; k++) positions[3 * i + k] = (f[0] ?? 0) * (basis[k] ?? 0) + (f[1] ?? 0) * (basis[3 + k] ?? 0) + (f[2] ?? 0) * (basis[6 + k] ?? 0)
  }
  return { positions, basis, pbc, cutoff }
}

const cube: Cell = [[6, 0, 0], [0, 6, 0], [0, 0, 6]]
const triclinic: Cell = [[5, 0.5, 0], [1.5, 4.5, 0.3], [-2, 1, 5.5]]
const small: Cell = [[1.9, 0, 0], [0.4, 2.1, 0], [0.1, 0.2, 1.7]]
const leftHanded: Cell = [[0, 6, 0], [5, 0, 0], [1, 1, 7]]
const problems: readonly (readonly [string, NeighborProblem, number])[] = [
  ['one atom', problem(1, cube, [false, false, false], 3), 0],
  ['no periodic axis', problem(40, cube, [false, false, false], 2.5), 0],
  ['all axes periodic', problem(40, cube, [true, true, true], 2.5), 3],
  ['triclinic', problem(30, triclinic, [true, true, true], 3.1), 4],
  ['a cell smaller than the cutoff', problem(2, small, [true, true, true], 3.7), 7],
  ['left-handed', problem(25, leftHanded, [true, true, true], 2.9), 3],
  ['a slab', problem(30, [[6, 0, 0], [1, 5, 0], [0, 0, 1]], [true, true, false], 2.6, 3), 6],
  ['a wire', problem(25, [[1, 0, 0], [0, 1, 0], [0, 0, 5]], [false, false, true], 3.3, 4), 5],
  ['atoms many cells away', problem(12, cube, [true, true, true], 3, 9), 11],
]

describe.each([
  ['interpreted', interpreterDevice(), simd],
  ['interpreted for gpu', interpreterDevice(), gpu],
  ['compiled', compiledDevice(), simd],
] as const)('%s', (_, device, target) => {
  it.each(problems)('%s', async (__, given, reach) => {
    const { coincident, edges } = await list(given, device, target)
    expect(coincident).toBe(0)
    const expected = everyPair(given, reach)
    expect(edges[0]?.length).toBe(expected[0]?.length)
    expect(edges).toEqual(expected)
  })

  it('distances equal to the cutoff are not below it', async () => {
    const lattice = { positions: Float64Array.of(0, 0, 0, 1.5, 0, 0), basis: [3, 0, 0, 0, 3, 0, 0, 0, 3], pbc: [true, true, true] as const }
    expect((await list({ ...lattice, cutoff: 1.5 }, device, target)).edges[0]).toEqual([])
    expect((await list({ ...lattice, cutoff: 1.5 + 1e-12 }, device, target)).edges[0]).toEqual([1, 1, 0, 0])
  })

  it('tells of atoms at the same point', async () => {
    const given = problem(9, cube, [true, true, true], 3)
    const positions = given.positions.slice()
    // The last atom is a periodic image of the third.
    for (let k = 0; k < 3; k++) positions[24 + k] = (positions[6 + k] ?? 0)
    expect((await list({ ...given, positions }, device, target)).coincident).toBe(9)
  })
})

describe('on a device', () => {
  it('finds the same', async () => {
    const before = compiledDevice().statistics().liveBuffers
    const given = problem(30, triclinic, [true, true, true], 3.1)
    const [senders, receivers, shifts] = everyPair(given, 4)
    const { numEdges, ...found } = await findNeighbors(compiledDevice(), given)
    expect(numEdges).toBe(senders?.length)
    expect(Object.values(found).map((own) => Array.from(own))).toEqual([senders, receivers, shifts])
    const empty = await findNeighbors(compiledDevice(), { ...given, positions: new Float64Array() })
    expect(empty.numEdges).toBe(0)
    const alone = { positions: Float64Array.of(1, 2, 3), pbc: [false, false, false], basis: [1, 0, 0, 0, 1, 0, 0, 0, 1], cutoff: 3 } as const
    expect((await findNeighbors(compiledDevice(), alone)).numEdges).toBe(0)
    // Tables that belong to kernels stay.
    expect(compiledDevice().statistics().liveBuffers - before).toBeLessThanOrEqual(2)
  })

  it('names both atoms at one point, and refuses too many edges', async () => {
    const given = problem(9, cube, [true, true, true], 3)
    const positions = given.positions.slice()
    for (let k = 0; k < 3; k++) positions[24 + k] = positions[6 + k] ?? 0
    await expect(findNeighbors(compiledDevice(), { ...given, positions })).rejects.toThrow('atoms 2 and 8 are at the same point')
    await expect(findNeighbors(compiledDevice(), given, { maxEdges: 3 })).rejects.toThrow(/more than the limit of 3/)
  })
})

it('refuses what it cannot search', () => {
  const given = problem(3, cube, [true, true, true], 3)
  expect(() => neighborGrid({ ...given, cutoff: 0 })).toThrow(InputError)
  expect(() => neighborGrid({ ...given, cutoff: Number.NaN })).toThrow(InputError)
  expect(() => neighborGrid({ ...given, basis: [1, 0, 0, 1, 0, 0, 0, 0, 1] })).toThrow(/singular/)
  expect(() => neighborGrid({ ...given, basis: [1, 2, 3] })).toThrow(InputError)
  expect(() => neighborGrid({ ...given, positions: Float64Array.of(1, 2) })).toThrow(InputError)
  expect(() => neighborGrid({ ...given, positions: Float64Array.of(1e15, 0, 0) })).toThrow(/digits/)
  expect(() => neighborGrid({ ...given, positions: Float64Array.of(Number.NaN, 0, 0) })).toThrow(InputError)
  expect(() => neighborGrid({ ...given, cutoff: 2000 })).toThrow(/images/)
})
