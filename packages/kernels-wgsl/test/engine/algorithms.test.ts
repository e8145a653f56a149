import { device, use } from '@equivar/core'
import { argsort, array, bincount, cumulativeSum, type NDArray, segmentSum } from '@equivar/engine'
import { createCpu } from '@equivar/kernels-cpu'
import { createWebgpu } from '@equivar/kernels-wgsl'
import { beforeAll, describe, expect, it } from 'vitest'
import { useSoftwareGpu } from '../support/software.ts'

beforeAll(async () => {
  useSoftwareGpu()
  use(createCpu({ threads: 1 }), createWebgpu({ software: true }))
  await device('webgpu')
}, 300_000)

/** Numbers from a formula, the same everywhere. */
function numbers(length: number, below: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => Math.floor(((Math.sin(12.9898 * (i + 1)) * 43758.5453) % 1 + 1) * below) % below)
}

async function both(make: (on: string) => NDArray): Promise<readonly (readonly number[])[]> {
  return Promise.all(['webgpu', 'cpu'].map(async (on) => Array.from(await make(on).data(), Number)))
}

describe('sorts, sums along an axis and counts on a graphics card', () => {
  it.each([700, 9000])('of %d elements', { timeout: 120_000 }, async (length) => {
    const data = numbers(length, 300)
    const floats = Float32Array.from(data, (x) => x / 7 - 20)
    const [sorted, expectedOrder] = await both((on) => argsort(array(floats, { device: on })))
    expect(sorted).toEqual(expectedOrder)
    const [sums, expectedSums] = await both((on) => cumulativeSum(array(data, { device: on }), 0))
    expect(sums).toEqual(expectedSums)
    const [running = [], expectedRunning = []] = await both((on) => cumulativeSum(array(floats, { device: on }), 0))
    for (const [i, x] of expectedRunning.entries()) expect(Math.abs((running[i] ?? Number.NaN) - x)).toBeLessThan(1e-6 * 20 * length)
    for (const numBins of [300, 1000]) {
      const [counts, expectedCounts] = await both((on) => bincount(array(data, { device: on }), numBins))
      expect(counts).toEqual(expectedCounts)
    }
  })

  it.each([[500, 30], [9000, 40], [9000, 30_000]])('sums of %d entries in %d rows, whose order the device finds', { timeout: 120_000 }, async (length, rows) => {
    const data = numbers(length, rows)
    const values = numbers(length, 100)
    const [own, expected] = await both((on) => segmentSum(array(Float32Array.from(values), { device: on }), array(data, { device: on }), rows))
    expect(own).toEqual(expected)
  })
})
