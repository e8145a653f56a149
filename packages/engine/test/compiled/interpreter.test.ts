import { expect, test } from 'vitest'
import { useInterpreter } from '../support/devices.ts'

/** The suites of the engine once more, with the interpreter of kernels as device 'cpu'. */
const device = useInterpreter()

await import('../arrays/arrays.test.ts')
await import('../functions/functions.test.ts')
await import('../functions/properties.test.ts')
await import('../functions/equivariant.test.ts')
await import('../derivatives/rules.test.ts')
await import('../derivatives/transposes.test.ts')
await import('../derivatives/transformations.test.ts')
await import('../segmented/polynomial.test.ts')
await import('../segmented/fixtures.test.ts')
await import('../memory/memory.test.ts')

test('kernels were run', () => {
  expect(device.statistics().compiledKernels).toBeGreaterThan(50)
})
