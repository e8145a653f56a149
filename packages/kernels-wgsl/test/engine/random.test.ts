import { device, use } from '@equivar/core'
import { type NDArray, randomBits, randomIntegers, randomKey, randomNormal, randomUniform, splitKey } from '@equivar/engine'
import { createCpu } from '@equivar/kernels-cpu'
import { createWebgpu } from '@equivar/kernels-wgsl'
import { beforeAll, expect, it } from 'vitest'
import { useSoftwareGpu } from '../support/software.ts'

beforeAll(async () => {
  useSoftwareGpu()
  use(createCpu({ threads: 1 }), createWebgpu({ software: true }))
  await device('webgpu')
}, 300_000)

const sources = [{ seed: 0 }, { seed: 20_240_513, stream: 7 }, { seed: 2 ** 53 - 1, stream: 2 ** 40 + 3 }]
const shape = [37, 41]

it.each(sources)('random numbers of $seed are the same on a graphics card and on the processor', { timeout: 120_000 }, async (source) => {
  const numbers = async (make: (on: string) => NDArray) => Promise.all(['webgpu', 'cpu'].map(async (on) => Array.from(await make(on).data(), Number)))
  const makers: readonly ((on: string) => NDArray)[] = [
    (on) => randomBits(shape, { ...source, device: on }),
    (on) => randomUniform(shape, { ...source, device: on }),
    (on) => randomIntegers(shape, -(2 ** 31), 2 ** 31 - 1, { ...source, device: on }),
    (on) => splitKey(randomKey(source.seed, { device: on }), 3)[2] ?? randomKey(0),
  ]
  for (const make of makers) {
    const [own, expected] = await numbers(make)
    expect(own).toEqual(expected)
    expect(new Set(own).size).toBeGreaterThan(3)
  }
  const [normal = [], expected = []] = await numbers((on) => randomNormal(shape, { ...source, device: on }))
  for (const [i, x] of expected.entries()) expect(Math.abs((normal[i] ?? Number.NaN) - x)).toBeLessThan(2e-6)
})
