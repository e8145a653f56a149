import { conformanceCases, runConformance } from '@equivar/core/conformance'
import { createCpu, CpuDevice } from '@equivar/kernels-cpu'
import { expect, test } from 'vitest'

const seed = 1

/** Outcomes on so many threads, and the digest of every polynomial's values. */
async function run(threads: number) {
  const digests = new Map<string, string | null>()
  const results = await runConformance(createCpu({ threads }), {
    tier: 'ci',
    seed,
    report: ({ name, category, digest }) => {
      if (category === 'polynomial') digests.set(name, digest)
    },
    hooks: {
      lose: (device) => {
        if (device instanceof CpuDevice) device.lose('for a test')
      },
      littleMemory: createCpu({ threads: 1, maxBytes: 2 ** 25 }),
    },
  })
  return { digests, results }
}

test('kernels on the processor conform, tier ci, on one thread and on two, with equal bits', { timeout: 300_000 }, async () => {
  const [one, two] = [await run(1), await run(2)]
  for (const { results } of [one, two]) {
    const { device, passed, failed, skipped, milliseconds } = results
    console.info(`conformance, tier ci, seed ${seed}, ${device}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${(milliseconds / 1000).toFixed(1)} s`)
    expect(results.failures).toEqual([])
    expect(results.skips).toEqual({})
    expect(results.passed).toBe(conformanceCases('ci', seed).length)
  }
  expect(one.results.device).toContain('1 thread')
  expect(two.results.device).toContain('2 threads')
  expect([...one.digests.values()].every((digest) => digest !== null)).toBe(true)
  expect(two.digests).toEqual(one.digests)
})
