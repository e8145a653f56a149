import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { useInterpreter } from '../support/devices.ts'
import { expectClose, expectNoLeaks, randomNumbers, read } from '../support/numbers.ts'

const device = useInterpreter()

function random(shape: readonly number[], seed: number, dtype: eq.FloatDType): eq.NDArray {
  return eq.array(randomNumbers(shape.reduce((a, b) => a * b, 1), seed), { shape, dtype })
}

/** The same by kernels and in plain TypeScript, with nothing left over. */
function expectSameAsNaive(f: () => eq.NDArray, dtype: eq.FloatDType): void {
  eq.scope(() => {
    const [y, expected] = [f(), eq.withMethod('naive', f)]
    expect([y.shape, y.dtype]).toEqual([expected.shape, expected.dtype])
    expectClose(read(y), read(expected), dtype === 'float64' ? 1e-14 : 2e-6)
  })
  // Tables of plans stay; nothing else does.
  const held = device.statistics().liveBuffers
  eq.scope(() => void f())
  expect(device.statistics().liveBuffers).toBe(held)
}

describe.each(['float32', 'float64'] as const)('execution by kernels in %s', (dtype) => {
  expectNoLeaks()

  test.each([
    { a: [3, 4], b: [4, 5], options: {} },
    { a: [2, 3, 4], b: [5, 4], options: { transposeB: true } },
    { a: [4, 3], b: [2, 1, 4, 5], options: { transposeA: true } },
    { a: [0, 4], b: [4, 5], options: {} },
    { a: [3, 0], b: [0, 5], options: {} },
  ])('matmul $a $b $options', ({ a, b, options }) => {
    eq.scope(() => {
      const [x, y] = [random(a, 1, dtype), random(b, 2, dtype)]
      expectSameAsNaive(() => eq.matmul(x, y, options), dtype)
    })
  })
})
