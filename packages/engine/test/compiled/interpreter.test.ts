import { expect, test } from 'vitest'
import { useInterpreter } from '../support/devices.ts'

/** Suites of the engine once more, with the interpreter of kernels as device 'cpu': those that are not slow on it. */
const device = useInterpreter()

await import('../arrays/arrays.test.ts')
await import('../functions/functions.test.ts')
await import('../functions/properties.test.ts')
await import('../derivatives/transposes.test.ts')
await import('../derivatives/transformations.test.ts')
await import('../segmented/polynomial.test.ts')
await import('../memory/memory.test.ts')

test('kernels were run', () => {
  expect(device.statistics().compiledKernels).toBeGreaterThan(50)
})
