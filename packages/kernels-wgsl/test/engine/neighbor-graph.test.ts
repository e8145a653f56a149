import { device, registeredDevice, use } from '@equivar/core'
import { array, compile, findNeighbors, type NDArray, neighborGraph, type NeighborGraphInputs, neighborPoints, segmentSum, take } from '@equivar/engine'
import { createCpu } from '@equivar/kernels-cpu'
import { createWebgpu } from '@equivar/kernels-wgsl'
import { beforeAll, describe, expect, it } from 'vitest'
import { useSoftwareGpu } from '../support/software.ts'

beforeAll(async () => {
  useSoftwareGpu()
  use(createCpu({ threads: 1 }), createWebgpu({ software: true }))
  await Promise.all([device('webgpu'), device('cpu')])
}, 300_000)

describe('a graph of neighbours in a program on a graphics card', () => {
  it.each([[40, 6], [700, 15]])('of %d atoms has the edges of the list, and sums by them only', { timeout: 120_000 }, async (numAtoms, length) => {
    const positions = Float64Array.from({ length: 3 * numAtoms }, (_, i) => (((Math.sin(12.9898 * (i + 1)) * 43758.5453) % 1) + 1) * length)
    const problem = { positions, basis: [length, 0, 0, 1, length, 0, 0, -1, length], pbc: [true, true, false], cutoff: 2.5 } as const
    const processor = registeredDevice('cpu')
    if (!processor) throw new Error('no kernels for the processor')
    const list = await findNeighbors(processor, problem)
    const { points, places, binStarts, grid, shifts } = neighborPoints(problem)
    const on = (data: Int32Array, shape: readonly number[] = [data.length]) => array(data, { shape, device: 'webgpu' })
    const atoms = { points: on(points, [3, points.length / 3]), places: on(places, [2, places.length / 2]) }
    const inputs = { ...atoms, binStarts: on(binStarts), grid: on(grid), shifts: on(shifts, [shifts.length / 3, 3]) }
    using program = compile((search: NeighborGraphInputs, x: NDArray) => {
      const { senders, receivers, status } = neighborGraph(search, { numPairs: list.numEdges / 2 + 9, slots: 200 })
      return { senders, status, sums: segmentSum(take(x, senders), receivers, numAtoms), sent: segmentSum(take(x, receivers), senders, numAtoms) }
    })
    const x = on(Int32Array.from({ length: numAtoms }, (_, i) => 7 * i + 1))
    const { senders, status, sums, sent } = program(inputs, x)
    expect([...(await status.data())]).toEqual([list.numEdges, 0, 0])
    expect((await senders.data()).slice(0, list.numEdges)).toEqual(list.senders)
    const expected = new Int32Array(numAtoms)
    for (const [e, receiver] of list.receivers.entries()) expected[receiver] = (expected[receiver] ?? 0) + 7 * (list.senders[e] ?? 0) + 1
    expect(await sums.data()).toEqual(expected)
    // Every edge has its reverse.
    expect(await sent.data()).toEqual(expected)
  })
})
