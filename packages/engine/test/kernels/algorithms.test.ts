import { rowOrder } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { describe, expect, it } from 'vitest'
import { orderPlan } from '../../src/kernels/index.ts'
import { compiledDevice, expectSame, gpu, interpreterDevice, Random, run, simd, tensor } from './support.ts'

/** As graphics cards have: more lanes, and memory for as many counters. */
const largeGpu = { ...gpu, maxLanes: 256 }

const places = [
  { name: 'interpreted', target: simd, device: interpreterDevice() },
  { name: 'interpreted, for gpu', target: gpu, device: interpreterDevice() },
  { name: 'interpreted, for a large gpu', target: largeGpu, device: interpreterDevice() },
  { name: 'compiled', target: simd, device: compiledDevice() },
] as const

describe.each(places)('$name', ({ target, device }) => {
  it.each([
    [0, 0],
    [0, 5],
    [1, 1],
    [300, 7],
    [5000, 300],
    [9000, 70000],
    [5000, 1],
    [400, 400],
    [4097, 21],
  ])('order of %d entries in %d rows', async (count, rows) => {
    const random = new Random(31)
    const indices = Int32Array.from({ length: count }, () => random.integer(0, rows - 1))
    const outputs = [
      { scalar: 'i32', length: rows + 1 },
      { scalar: 'i32', length: count },
    ] as const
    const [starts, entries] = await run(orderPlan(count, rows, target), { inputs: [indices], outputs }, device)
    const expected = rowOrder(indices, rows)
    expect(starts).toEqual(expected.starts)
    expect(entries).toEqual(expected.entries)
  })

  it.each(['float32', 'float64', 'int32', 'uint32'] as const)('argsort of %s', async (dtype) => {
    const random = new Random(32)
    const special = [Number.NaN, 0, -0, Infinity, -Infinity]
    // Few distinct numbers, so that stability shows.
    const number = () => {
      const own = dtype === 'uint32' ? random.integer(0, 200) : random.integer(-100, 100)
      return dtype.startsWith('f') ? (special[own] ?? own * 1.1e-3) : own * 7919
    }
    for (const shape of [[0], [1], [30], [6000], [7, 0], [1, 50], [70, 40], [3, 2, 300], [1000, 1]])
      await expectSame({ primitive: 'argsort', inputs: [tensor(dtype, shape, number)], params: {} }, { target })
  })

  it.each([[0], [1], [30], [9000]])('positions where a mask of %d holds', async (count) => {
    const random = new Random(51)
    await expectSame({ primitive: 'compact', inputs: [tensor('bool', [count], () => random.integer(0, 1))], params: {} }, { target })
  })

  it('counts', async () => {
    const random = new Random(52)
    for (const shape of [[0], [9000], [20, 30]])
      await expectSame({ primitive: 'bincount', inputs: [tensor('int32', shape, () => random.integer(0, 12))], params: { numBins: 14 } }, { target })
  })
})

it('kernels are few, whatever the sizes', () => {
  const used = new Set<kernels.Kernel>()
  for (const count of [10, 1000, 100_000]) for (const { kernel } of orderPlan(count, 1000, simd).launches) used.add(kernel)
  expect(used.size).toBeLessThanOrEqual(10)
})
