import { type kernels, rowOrder } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { orderPlan, sortPlan } from '../../src/kernels/index.ts'
import { compiledDevice, gpu, interpreterDevice, newStorage, Random, run, simd } from './support.ts'

const places = [
  { name: 'interpreted', target: simd, device: interpreterDevice() },
  { name: 'interpreted, for gpu', target: gpu, device: interpreterDevice() },
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

  it.each(['f32', 'f64', 'i32', 'u32'] as const)('sort of %s', async (key) => {
    const random = new Random(32)
    for (const count of [0, 1, 30, 6000]) {
      const x = newStorage(key, count)
      // Few distinct numbers, so that stability shows.
      for (let i = 0; i < count; i++) x[i] = (key === 'u32' ? random.integer(0, 200) : random.integer(-100, 100)) * (key.startsWith('f') ? 1.1e-3 : 7919)
      const plan = sortPlan(key, count, target)
      const [sorted, permutation] = await run(plan, { inputs: [x], outputs: [{ scalar: key, length: count }, { scalar: 'i32', length: count }] }, device)
      const expected = Array.from(x.keys()).sort((a, b) => (x[a] ?? 0) - (x[b] ?? 0) || a - b)
      expect(Array.from(permutation ?? [])).toEqual(expected)
      expect(Array.from(sorted ?? [])).toEqual(expected.map((i) => x[i] ?? 0))
    }
  })
})

it('kernels are few, whatever the sizes', () => {
  const used = new Set<kernels.Kernel>()
  for (const count of [10, 1000, 100_000]) for (const { kernel } of orderPlan(count, 1000, simd).launches) used.add(kernel)
  expect(used.size).toBeLessThanOrEqual(10)
})
