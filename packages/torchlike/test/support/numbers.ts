import { expect } from 'vitest'
import * as cuet from '../../src/index.ts'

/** Seeded uniform numbers in [−1, 1). */
function randomNumbers(count: number, seed: number): Float64Array {
  let state = (seed + 1) >>> 0
  return Float64Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return 2 * (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) - 1
  })
}

export function random(shape: cuet.Shape, seed: number, options: { readonly dtype?: cuet.FloatDType; readonly requiresGrad?: boolean } = {}): cuet.Tensor {
  return cuet.tensor(randomNumbers(shape.reduce((a, b) => a * b, 1), seed), { shape, dtype: 'float64', ...options })
}

/** max |a − b| / max |b|, or max |a − b| where b is 0. */
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

/** A thing that must be there. */
export function given<T>(x: T | null | undefined, what = 'a value'): T {
  if (x === null || x === undefined) throw new Error(`${what} is missing`)
  return x
}
