import { expect, test } from 'vitest'
import { type Capabilities, InterpreterDevice, interpreterBackend } from '../../src/backend/index.ts'
import { type ConformanceCase, runConformance } from '../../src/conformance/index.ts'

/** The interpreter is slow: small polynomials of the covering set. */
const isSmall = (own: ConformanceCase) => own.category !== 'polynomial' || (own.rows !== 'huge' && own.multiplicity < 10 && own.batchSize < 10)

const asSimd: Partial<Capabilities> = {}
const asGpu: Partial<Capabilities> = { lanes: 'gpu', vectorBytes: 32, registers: 255, alignment: 256 }

/** Kernels are made for the hardware: those for other hardware are run here too, and none of them may race. */
test.each([
  ['WebAssembly', asSimd, 1],
  ['a GPU', asGpu, 2],
])('the interpreter conforms, tier ci as far as it is small, in the shape of %s', async (_, capabilities, seed) => {
  const results = await runConformance(interpreterBackend({ capabilities }), {
    tier: 'ci',
    seed,
    filter: isSmall,
    hooks: {
      lose: (device) => {
        if (device instanceof InterpreterDevice) device.lose('for a test')
      },
      littleMemory: interpreterBackend({ memoryLimit: 2 ** 24 }),
    },
  })
  expect(results.failures).toEqual([])
  expect(results.skips).toEqual({})
  expect(results.categories.polynomial.passed).toBeGreaterThan(100)
})
