import { expect, test } from 'vitest'
import { InterpreterDevice, interpreterBackend } from '../../src/backend/index.ts'
import { type ConformanceCase, runConformance } from '../../src/conformance/index.ts'

/** The interpreter is slow: small polynomials of the covering set. */
const isSmall = (own: ConformanceCase) => own.category !== 'polynomial' || (own.rows !== 'huge' && own.multiplicity < 10 && own.batchSize < 10)

test('the interpreter conforms, tier ci as far as it is small', async () => {
  const results = await runConformance(interpreterBackend({ findsRaces: false }), {
    tier: 'ci',
    seed: 1,
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
