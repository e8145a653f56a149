import { conformanceCases, type ConformanceResults, runConformance } from '@equivar/core/conformance'
import { createWebgpu, WebgpuDevice, type WebgpuOptions } from '@equivar/kernels-wgsl'
import { beforeAll, expect, test } from 'vitest'
import { useSoftwareGpu } from '../support/software.ts'

const seed = 1

beforeAll(useSoftwareGpu, 300_000)

async function run(options: WebgpuOptions, filter: (name: string) => boolean): Promise<ConformanceResults> {
  const results = await runConformance(createWebgpu({ ...options, software: true }), {
    tier: 'ci',
    seed,
    filter: ({ name }) => filter(name),
    hooks: {
      lose: (device) => {
        if (device instanceof WebgpuDevice) device.lose('for a test')
      },
      littleMemory: createWebgpu({ software: true, maxBytes: 2 ** 25 }),
    },
  })
  const { device, passed, failed, skipped, milliseconds } = results
  console.info(`conformance, tier ci, seed ${seed}, ${device}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${(milliseconds / 1000).toFixed(1)} s`)
  return results
}

/** What a device without float64 and without memory that the host sees leaves out. */
const reasons = ['no float64', 'the device shares no memory with the host']

/**
 * A processor is slow at being a graphics card: every third polynomial, and all of contract and kernels. `EQUIVAR_CONFORMANCE=all` runs
 * the whole tier.
 */
const chosen = conformanceCases('ci', seed).filter(({ category }, k) => category !== 'polynomial' || k % 3 === 0 || process.env['EQUIVAR_CONFORMANCE'] === 'all')

test('kernels in WGSL conform, tier ci', { timeout: 300_000 }, async () => {
  const names = new Set(chosen.map(({ name }) => name))
  const { failures, skips, passed, skipped, categories } = await run({}, (name) => names.has(name))
  expect(failures).toEqual([])
  expect(Object.keys(skips).sort()).toEqual(reasons)
  expect(passed + skipped).toBe(chosen.length)
  expect(categories.contract.passed).toBeGreaterThan(30)
  expect(categories.kernel.passed).toBeGreaterThan(180)
  expect(categories.polynomial.passed).toBeGreaterThan(15)
})

test('kernels whose lanes work together conform without subgroups', { timeout: 300_000 }, async () => {
  const { failures, passed } = await run({ subgroups: false }, (name) => /^kernel\/(?:reduce|softmax|convolution|branches|loops)/.test(name))
  expect(failures).toEqual([])
  expect(passed).toBeGreaterThan(30)
})
