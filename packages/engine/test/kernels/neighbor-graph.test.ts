import type { BackendDevice } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import { describe, expect, it } from 'vitest'
import { findNeighbors, type NeighborProblem } from '../../src/kernels/neighbor-list/index.ts'
import { graphOutputs } from '../../src/kernels/index.ts'
import { neighborGraphPlan } from '../../src/kernels/neighbor-graph/plan.ts'
import { neighborGraphShape } from '../../src/primitives/shapes/neighbor-graph.ts'
import { everyPair } from './every-pair.ts'
import { neighborPoints } from '../../src/kernels/neighbor-graph/points.ts'
import type { HostTensor } from '../../src/naive/tensor.ts'
import { compiledDevice, gpu, Random, run, simd } from './support.ts'

function problem(numAtoms: number, basis: readonly number[], pbc: NeighborProblem['pbc'], cutoff: number): NeighborProblem {
  const random = new Random(71 + numAtoms)
  const positions = Array.from({ length: numAtoms }, () => {
    const f = [0, 1, 2].map(() => random.between(-0.5, 1.5))
    return [0, 1, 2].map((k) => f.reduce((sum, x, axis) => sum + x * (basis[3 * axis + k] ?? 0), 0))
  })
  return { positions: Float64Array.from(positions.flat()), basis, pbc, cutoff }
}

const cube = [6, 0, 0, 0, 6, 0, 0, 0, 6]
const triclinic = [5, 0.5, 0, 1.5, 4.5, 0.3, -2, 1, 5.5]
const problems: readonly (readonly [string, NeighborProblem])[] = [
  ['one atom', problem(1, cube, [false, false, false], 3)],
  ['one atom and its images', problem(1, cube, [true, true, true], 7)],
  ['no periodic axis', problem(40, cube, [false, false, false], 2.5)],
  ['all axes periodic', problem(40, cube, [true, true, true], 2.5)],
  ['triclinic', problem(30, triclinic, [true, true, true], 3.1)],
  ['a cell smaller than the cutoff', problem(2, [1.9, 0, 0, 0.4, 2.1, 0, 0.1, 0.2, 1.7], [true, true, true], 3.7)],
  ['a slab', problem(30, [6, 0, 0, 1, 5, 0, 0, 0, 1], [true, true, false], 2.6)],
]

interface Search {
  readonly inputs: readonly HostTensor[]
  readonly numPairs: number
  readonly slots: number
}

function caseOf(given: NeighborProblem, numPairs: number, slots: number): Search {
  const { points, places, binStarts, grid, shifts } = neighborPoints(given)
  const tensor = (data: Int32Array, shape: readonly number[]): HostTensor => ({ dtype: 'int32', shape, data })
  const row = points.length / 3
  const bins = [tensor(binStarts, [binStarts.length]), tensor(grid, [grid.length])]
  return { inputs: [tensor(points, [3, row]), tensor(places, [2, row]), ...bins, tensor(shifts, [shifts.length / 3, 3])], numPairs, slots }
}

/** What kernels find, and what all pairs are. */
async function both({ inputs, numPairs, slots }: Search, target: lowering.Target = simd, device?: BackendDevice) {
  const outputs = neighborGraphShape.shape(inputs, { numPairs, slots, plan: neighborGraphPlan })
  const lengths = outputs.map(({ shape }) => shape[0] ?? 0)
  const sizes = { numAtoms: (lengths[graphOutputs.starts] ?? 1) - 1, numImages: inputs[4]?.shape[0] ?? 1, numPairs, slots }
  const memory = lengths.map((length) => ({ scalar: 'i32', length }) as const)
  const actual = await run(neighborGraphPlan(sizes, target), { inputs: inputs.map(({ data }) => Int32Array.from(data)), outputs: memory }, device)
  return { actual, expected: everyPair(inputs, numPairs, slots, lengths) }
}

async function statusOf(given: Search): Promise<readonly number[]> {
  return [...((await both(given)).actual[graphOutputs.status] ?? [])]
}

const devices = { processors: [undefined, compiledDevice()], gpus: [undefined] } as const

describe.each([['processors', simd], ['gpus', gpu]] as const)('graphs of neighbours, as lowered for %s', (lanes, target) => {
  it.each(problems)('%s: is what all pairs give, with room to spare, to the last edge, and without enough', async (_, given) => {
    const [numEdges = 0] = await statusOf(caseOf(given, 2000, 2000))
    const largest = Math.max(1, Math.ceil(numEdges / given.positions.length) * 6)
    const pairs = [numEdges + 3, Math.max(1, numEdges / 2), Math.max(1, numEdges / 2 - 1)].map((numPairs) => [numPairs, 2000] as const)
    for (const [numPairs, slots] of [...pairs, [numEdges + 3, Math.ceil(largest / 8)] as const])
      for (const on of devices[lanes]) {
        const { actual, expected } = await both(caseOf(given, numPairs, slots), target, on)
        expect(actual).toEqual(expected)
      }
  })
})

describe('graphs of neighbours', () => {
  it.each(problems)('%s: have the edges of the list in float64', async (_, given) => {
    const { senders, receivers, numEdges } = await findNeighbors(compiledDevice(), given)
    const { actual } = await both(caseOf(given, numEdges / 2 + 4, 2000))
    const status = actual[graphOutputs.status]
    expect([...(status ?? [])]).toEqual([numEdges, 0, 0])
    expect([...(actual[graphOutputs.senders] ?? [])].slice(0, numEdges)).toEqual([...senders])
    expect([...(actual[graphOutputs.receivers] ?? [])].slice(0, numEdges)).toEqual([...receivers])
  })

  it('tell how many edges had no slot, and then have none', async () => {
    const given = problem(40, cube, [true, true, true], 2.5)
    const [numEdges = 0] = await statusOf(caseOf(given, 2000, 2000))
    const { actual } = await both(caseOf(given, 2000, 4))
    const [kept = 0, excess = 0, coincident] = actual[graphOutputs.status] ?? []
    expect(kept + excess).toBe(numEdges)
    expect(excess).toBeGreaterThan(0)
    expect(coincident).toBe(0)
    expect(actual[graphOutputs.starts]?.every((start) => start === 0)).toBe(true)
  })

  it('tell of atoms at the same point, also through images', async () => {
    const given = { ...problem(3, cube, [true, true, true], 2.5), positions: Float64Array.of(1, 1, 1, 7, 1, -5, 3, 3, 3) }
    expect(await statusOf(caseOf(given, 200, 200))).toEqual([2, 0, 2])
  })

  it('refuse what whole numbers do not hold', () => {
    expect(() => neighborPoints({ ...problem(2, cube, [false, false, false], 2), positions: Float64Array.of(0, 0, 0, 4e3, 0, 0) })).toThrow(/too far apart for whole numbers/)
    expect(() => neighborPoints({ ...problem(2, cube, [false, false, false], 2), positions: new Float64Array() })).toThrow(/there is no atom/)
  })
})
