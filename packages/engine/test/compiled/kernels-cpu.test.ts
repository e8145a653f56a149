import { use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { afterAll, expect, test } from 'vitest'

/** The suites of the engine once more, with WebAssembly as device 'cpu'. */
const backend = createCpu({ threads: 1 })
const device = backend.openSync()
use({ ...backend, openSync: () => device, open: () => Promise.resolve(device) })

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

afterAll(() => device.close())
