import { expect, test } from 'vitest'
import { runOnMachine, seed } from './machine.ts'

test('the text of kernels conforms, tier ci, first half', { timeout: 300_000 }, async () => {
  const { results, expected } = await runOnMachine(0, 2)
  const { device, passed, failed, skipped, milliseconds } = results
  console.info(`conformance, tier ci, seed ${seed}, ${device}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${(milliseconds / 1000).toFixed(1)} s`)
  expect(results.failures).toEqual([])
  // The machine has 64 MiB.
  const allowed = ['the device shares no memory with the host', 'buffers are too small']
  expect(Object.keys(results.skips).filter((reason) => !allowed.includes(reason))).toEqual([])
  expect(passed + skipped).toBe(expected)
  expect(skipped).toBeLessThan(8)
})
