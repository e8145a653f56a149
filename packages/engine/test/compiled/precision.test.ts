import { descriptors, Irreps, use } from '@equivar/core'
import { beforeAll, describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { remoteBackend, useInterpreter } from '../support/devices.ts'
import { expectNoLeaks, randomArray, read } from '../support/numbers.ts'

const remote = remoteBackend({ lanes: 'gpu', vectorBytes: 32, registers: 255, matrixUnits: ['tf32', 'split', 'f64'] })
const linear = descriptors.linear(new Irreps('O3', '32x0e'), new Irreps('O3', '32x0e')).polynomial
type Dtype = 'float32' | 'float64'

/** A product of matrices, and the gradient by what is on its left. */
function product(a: eq.NDArray, b: eq.NDArray): eq.NDArray[] {
  const x = eq.track(a)
  const y = eq.matmul(x, b)
  return [y, ...eq.grad(eq.sum(eq.square(y)), [x])]
}

function layer(x: eq.NDArray, w: eq.NDArray): readonly eq.NDArray[] {
  return eq.segmentedPolynomial(linear, [eq.reshape(w, [1, w.size]), x], { batchSize: x.shape[0] ?? 0 })
}

describe('precision', () => {
  expectNoLeaks()
  beforeAll(async () => {
    use(remote)
    await eq.device('webgpu')
  })

  /** Results of a function of two random matrices, on the device. */
  async function results(f: (a: eq.NDArray, b: eq.NDArray) => readonly eq.NDArray[], dtype: Dtype = 'float32'): Promise<readonly Float64Array[]> {
    const inputs = [1, 2].map((seed) => eq.scope(() => eq.cast(randomArray([32, 32], seed), dtype)))
    const [a, b] = await Promise.all(inputs.map((x) => x.to('webgpu')))
    if (!a || !b) throw new Error('two inputs')
    const made = eq.withDevice('webgpu', () => eq.scope(() => f(a, b)))
    const read = await Promise.all(made.map(async (x) => Float64Array.from(await x.data())))
    for (const x of [...inputs, ...made, a, b]) x.dispose()
    return read
  }

  function largestError(found: readonly Float64Array[], expected: readonly Float64Array[]): number {
    return Math.max(
      ...found.map((values, k) => {
        const own = expected[k] ?? new Float64Array(0)
        return values.reduce((most, x, i) => Math.max(most, Math.abs(x - (own[i] ?? Number.NaN))), 0) / own.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
      }),
    )
  }

  test.each([
    { name: 'a product of matrices and its gradient', f: product },
    { name: 'a linear layer with shared weights', f: layer },
  ])('is that of float32 unless it is lowered: $name', async ({ f }) => {
    const exact = await results(f, 'float64')
    const usual = await results(f)
    expect(largestError(usual, exact)).toBeLessThan(1e-6)
    const lowered = await results((a, b) => eq.withPrecision('tensorfloat32', () => f(a, b)))
    expect(largestError(lowered, exact)).toBeGreaterThan(2e-5)
    expect(largestError(lowered, exact)).toBeLessThan(2e-3)
    // Nothing of the other precision is found again.
    expect(await results(f)).toEqual(usual)

    const programs = { usual: eq.compile(f), option: eq.compile(f, { precision: 'tensorfloat32' }), scope: eq.withPrecision('tensorfloat32', () => eq.compile(f)) }
    expect(await results(programs.usual)).toEqual(usual)
    expect(await results(programs.option)).toEqual(lowered)
    expect(await results(programs.scope)).toEqual(lowered)
    // A program keeps its own.
    expect(await results((a, b) => eq.withPrecision('tensorfloat32', () => programs.usual(a, b)))).toEqual(usual)
    for (const program of Object.values(programs)) program.dispose()
  })

  test('lowers no float64', async () => {
    expect(await results((a, b) => eq.withPrecision('tensorfloat32', () => product(a, b)), 'float64')).toEqual(await results(product, 'float64'))
  })

  test('changes nothing where there are no units for it', () => {
    useInterpreter()
    eq.scope(() => {
      const a = eq.cast(randomArray([8, 8], 1), 'float32')
      expect(read(eq.withPrecision('tensorfloat32', () => eq.matmul(a, a)))).toEqual(read(eq.matmul(a, a)))
    })
  })

  test('is known by name, and holds for synchronous code', () => {
    expect(() => eq.withPrecision('low' as eq.Precision, () => 1)).toThrow("withPrecision: precision 'low' is unknown; use one of float32, tensorfloat32")
    expect(() => eq.compile(product, { precision: 'low' as eq.Precision })).toThrow("compile: precision 'low' is unknown")
    expect(() => eq.withPrecision('tensorfloat32', () => Promise.resolve(1))).toThrow(/returned a promise/)
  })
})
