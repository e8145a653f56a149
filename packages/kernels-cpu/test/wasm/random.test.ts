import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { supportsRelaxedSimd } from '../../src/wasm/index.ts'
import { randomProblem } from './random-kernels.ts'
import { bothResults } from './run.ts'

const modes = [{ relaxedMultiplyAdd: false }, ...(supportsRelaxedSimd() ? [{ relaxedMultiplyAdd: true }] : [])]

describe.each(modes)('random kernels, %o', (options) => {
  it.each([1, 3, 4, 8, 13, 32])('of %i lanes give the bits of the interpreter', (lanes) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
        const { kernel, launch } = randomProblem(seed, lanes)
        const { expected, found } = bothResults(kernel, launch, options)
        expect(found).toEqual(expected)
      }),
      { seed: 20_240_601 + lanes, numRuns: 80, endOnFailure: true },
    )
  })
})
