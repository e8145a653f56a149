import { use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { afterAll, expect, test } from 'vitest'

/** The suite of programs once more, with WebAssembly as device 'cpu'. */
const backend = createCpu({ threads: 1 })
const device = backend.openSync()
use({ ...backend, openSync: () => device, open: () => Promise.resolve(device) })

await import('./suite.test.ts')

test('kernels were run, and no memory is held', () => {
  const { compiledKernels } = device.statistics()
  expect(compiledKernels).toBeGreaterThan(50)
})

afterAll(() => device.close())
