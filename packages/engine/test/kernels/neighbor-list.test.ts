import { InputError, interpreterBackend, type BackendDevice } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { findNeighbors, neighborGrid, type NeighborProblem } from '../../src/kernels/neighbor-list/index.ts'
import { compiledDevice, gpu, Random, simd } from './support.ts'

type Cell = readonly (readonly [number, number, number])[]

async function list(problem: NeighborProblem, device: BackendDevice): Promise<readonly number[][]> {
  const { senders, receivers, unitShifts } = await findNeighbors(device, problem)
  return [senders, receivers, unitShifts].map((own) => Array.from(own))
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

/** Rotated, so that rounding errors are all that there is across. */
function inPlane(numAtoms: number): Pick<NeighborProblem, 'positions' | 'basis'> {
  const random = new Random(7)
  const positions = Array.from({ length: numAtoms }, () => [random.between(-4, 4), random.between(-4, 4)]).flatMap(([u = 0, v = 0]) => [0.6 * u, 0.8 * u, v])
  return { positions: Float64Array.from(positions), basis: [3.6, 4.8, 0, 0.8, -0.6, 0, 0, 0, 1] }
}

function outlier(numAtoms: number): NeighborProblem {
  const given = problem(numAtoms, cube, [false, false, false], 2.5)
  return { ...given, positions: Float64Array.of(...given.positions, 1e6, -1e6, 1e6) }
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
  ['atoms in one plane', { ...problem(20, [[6, 0, 0], [2, 5, 0], [0, 0, 1]], [true, false, false], 2.4), ...inPlane(20) }, 3],
  ['an outlier that leaves single precision without digits', outlier(30), 0],
  ['atoms many cells away', problem(12, cube, [true, true, true], 3, 9), 11],
]

const interpreted = (target: typeof simd) => interpreterBackend({ capabilities: target }).openSync()

describe.each([
  ['interpreted', interpreted(simd)],
  ['interpreted for gpu', interpreted(gpu)],
  ['compiled', compiledDevice()],
] as const)('%s', (_, device) => {
  it.each(problems)('%s', async (__, given, reach) => {
    expect(await list(given, device)).toEqual(everyPair(given, reach))
  })

  it('distances equal to the cutoff are not below it', async () => {
    const lattice = { positions: Float64Array.of(0, 0, 0, 1.5, 0, 0), basis: [3, 0, 0, 0, 3, 0, 0, 0, 3], pbc: [true, true, true] as const }
    expect((await list({ ...lattice, cutoff: 1.5 }, device))[0]).toEqual([])
    expect((await list({ ...lattice, cutoff: 1.5 + 1e-12 }, device))[0]).toEqual([1, 1, 0, 0])
  })

  it('names the first atom at the point of another, and that one', async () => {
    const given = problem(9, cube, [true, true, true], 3)
    const positions = given.positions.slice()
    for (let k = 0; k < 3; k++) {
      positions[24 + k] = positions[6 + k] ?? 0
      // A periodic image.
      positions[21 + k] = (positions[12 + k] ?? 0) + (k === 1 ? 6 : 0)
    }
    await expect(findNeighbors(device, { ...given, positions })).rejects.toThrow('atoms 2 and 8 are at the same point;')
    positions[6] = 0.5
    await expect(findNeighbors(device, { ...given, positions })).rejects.toThrow('atoms 4 and 7 are at the same point (through the periodic image [0, 1, 0])')
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

  it('pauses between parts, and gives memory back when that ends it', async () => {
    const before = compiledDevice().statistics().liveBuffers
    let pauses = 0
    const pause = () => (++pauses < 4 ? Promise.resolve() : Promise.reject(new Error('enough')))
    await expect(findNeighbors(compiledDevice(), problem(30, triclinic, [true, true, true], 3.1), { pause })).rejects.toThrow('enough')
    expect(compiledDevice().statistics().liveBuffers).toBe(before)
  })

  it('refuses a device without float64, and one without memory', async () => {
    const given = problem(9, cube, [true, true, true], 3)
    await expect(findNeighbors(interpreterBackend({ capabilities: { floats: ['f32'] } }).openSync(), given)).rejects.toThrow(/has no float64/)
    await expect(findNeighbors(interpreterBackend({ memoryLimit: 4096 }).openSync(), given)).rejects.toThrow(/no memory/)
  })

  it('refuses too many edges, those that surely come before any work', async () => {
    const crowd = { ...problem(3000, cube, [false, false, false], 3), cutoff: 40 }
    await expect(findNeighbors(compiledDevice(), crowd, { maxEdges: 1e6 })).rejects.toThrow(/about 4\.5e\+6 edges, more than the limit of 1000000/)

    const given = problem(9, cube, [true, true, true], 3)
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
  expect(() => neighborGrid({ ...given, cutoff: 1e-13, positions: Float64Array.of(0, 0, 0) })).toThrow(/1e-12/)
  expect(() => neighborGrid({ ...given, basis: [1e-9, 0, 0, 0, 1, 0, 0, 0, 1], pbc: [true, false, false] })).toThrow(/cells away/)
  expect(() => neighborGrid({ ...given, positions: problem(5000, [[1e4, 0, 0], [0, 1e4, 0], [0, 0, 1e4]], given.pbc, 3).positions, pbc: [false, false, false] })).toThrow(/too thin/)
})
