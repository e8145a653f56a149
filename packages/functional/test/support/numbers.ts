import { expect } from 'vitest'
import { numpy as np, type DeviceArray } from '../../src/index.ts'

/** Seeded uniform numbers in [low, high). */
function randomNumbers(count: number, seed: number, low = -1, high = 1): Float64Array {
  let state = seed >>> 0
  return Float64Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return low + (high - low) * (((t ^ (t >>> 14)) >>> 0) / 2 ** 32)
  })
}

export function randomArray(shape: readonly number[], seed: number, low = -1, high = 1): DeviceArray<'float64'> {
  const count = shape.reduce((a, b) => a * b, 1)
  return np.array(randomNumbers(count, seed, low, high), { shape, dtype: 'float64' })
}

export function ints(values: readonly number[], shape?: readonly number[]): DeviceArray<'int32'> {
  return np.array(values, { dtype: 'int32', ...(shape ? { shape } : {}) })
}

interface Readable {
  data(): Promise<ArrayLike<number>>
}

/** `max |a − b| / max |b|` is at most the tolerance. */
export async function expectClose(a: Readable, b: Readable | ArrayLike<number>, tolerance = 1e-12, name?: string): Promise<void> {
  const [found, expected] = [await a.data(), 'data' in b ? await b.data() : b]
  expect(found.length).toBe(expected.length)
  let [worst, largest] = [0, 0]
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((found[i] ?? Number.NaN) - (expected[i] ?? Number.NaN))
    if (!(difference <= worst)) worst = difference
    largest = Math.max(largest, Math.abs(expected[i] ?? 0))
  }
  expect(largest > 0 ? worst / largest : worst, name).toBeLessThanOrEqual(tolerance)
}

/** The numbers that goldens of the reference are made with: `Q(n, s)_i = √2 sin(0.37 (i + 1 + s)²)`. */
export function golden(shape: readonly number[], start = 0): DeviceArray<'float64'> {
  const count = shape.reduce((a, b) => a * b, 1)
  return np.array(Float64Array.from({ length: count }, (_, i) => Math.SQRT2 * Math.sin(0.37 * (i + 1 + start) ** 2)), { shape, dtype: 'float64' })
}
