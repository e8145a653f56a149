import { afterAll, expect } from 'vitest'
import { array, liveBuffers, scope, type NDArray } from '../../src/index.ts'
import { hostData } from '../../src/array/ndarray.ts'

/** Seeded uniform numbers in [low, high). */
export function randomNumbers(count: number, seed: number, low = -1, high = 1): Float64Array {
  let state = seed >>> 0
  return Float64Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return low + (high - low) * (((t ^ (t >>> 14)) >>> 0) / 2 ** 32)
  })
}

export function randomArray(shape: readonly number[], seed: number, low = -1, high = 1): NDArray {
  return array(
    randomNumbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
      low,
      high,
    ),
    { shape },
  )
}

/** Elements at once; tests of the naive method need not wait. */
export function read(x: NDArray): number[] {
  return Array.from(hostData(x))
}

/** max |a − b| / max |b|, or max |a − b| if b is 0. */
function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  let worst = 0
  let largest = 0
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN))
    if (!(difference <= worst)) worst = difference
    largest = Math.max(largest, Math.abs(b[i] ?? 0))
  }
  return largest > 0 ? worst / largest : worst
}

export function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, tolerance = 1e-12): void {
  expect(relativeError(a, b)).toBeLessThanOrEqual(tolerance)
}

/** A test body whose arrays are freed at its end. */
export function scoped(body: () => void): () => void {
  return () => scope(body)
}

/** After all tests of the file no buffer may be held. */
export function expectNoLeaks(): void {
  afterAll(() => expect(liveBuffers()).toBe(0))
}
