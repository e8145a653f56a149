import fc from 'fast-check'
import { describe, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectClose, expectNoLeaks, randomArray, read } from '../support/numbers.ts'

const settings = { seed: 20240607, numRuns: 60 }
const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
/** Two shapes that broadcast: extents of one target, some set to 1 or left out. */
const pair = fc.tuple(shape, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat(4), fc.boolean()).map(([target, ones, drop, swap]) => {
  const other = target.map((extent, axis) => (ones[axis] ? 1 : extent)).slice(Math.min(drop, target.length))
  return swap ? ([other, target] as const) : ([target, other] as const)
})

/** Element of an array at an index of a shape it broadcasts to. */
function at(x: eq.NDArray, values: readonly number[], index: readonly number[]): number {
  let offset = 0
  for (const [axis, extent] of x.shape.entries()) offset = offset * extent + (extent === 1 ? 0 : (index[index.length - x.ndim + axis] ?? 0))
  return values[offset] ?? Number.NaN
}

function indices(of: readonly number[]): number[][] {
  return of.reduce<number[][]>((list, extent) => list.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])), [[]])
}

const property = <T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void) =>
  fc.assert(
    fc.property(arbitrary, (value) => eq.scope(() => check(value))),
    settings,
  )

describe('laws over random shapes', () => {
  expectNoLeaks()

  test('binary operations follow numpy broadcasting', () =>
    property(pair, ([left, right]) => {
      const [a, b] = [randomArray(left, 1), randomArray(right, 2)]
      const [va, vb] = [read(a), read(b)]
      const y = eq.sub(a, b)
      expectClose(read(y), indices(y.shape).map((index) => at(a, va, index) - at(b, vb, index)), 0)
    }))

  test('sumTo is the transpose of broadcastTo', () =>
    property(pair, ([left, right]) => {
      const [small, large] = left.length > right.length || right.every((extent, i) => extent !== 1 || left[i] === 1) ? [right, left] : [left, right]
      fc.pre(small.length <= large.length && small.every((extent, i) => extent === 1 || extent === large[large.length - small.length + i]))
      const [x, y] = [randomArray(small, 1), randomArray(large, 2)]
      const dot = (a: eq.NDArray, b: eq.NDArray) => read(eq.sum(eq.mul(a, b)))
      expectClose(dot(eq.broadcastTo(x, large), y), dot(x, eq.sumTo(y, small)), 1e-12)
    }))

  test('a sum over axes is the sum over each of them', () =>
    property(fc.tuple(shape, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })), ([own, chosen]) => {
      const x = randomArray(own, 3)
      const axes = own.flatMap((_, axis) => (chosen[axis] ? [axis] : []))
      const one = axes.reduceRight((y, axis) => eq.sum(y, { axes: axis }), x)
      expectClose(read(eq.sum(x, { axes })), read(one), 1e-12)
    }))

  test('permute and its inverse, pad and slice, split and concatenate undo each other', () =>
    property(fc.tuple(shape, fc.array(fc.nat(100), { minLength: 4, maxLength: 4 })), ([own, raw]) => {
      const x = randomArray(own, 4)
      const keys = own.map((_, axis) => raw[axis] ?? 0)
      const axes = own.map((_, axis) => axis).sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0))
      const inverse = axes.map((_, axis) => axes.indexOf(axis))
      expectClose(read(eq.permute(eq.permute(x, axes), inverse)), read(x), 0)
      const low = keys.map((key) => key % 3)
      const padded = eq.pad(x, low, keys.map((key) => key % 2))
      expectClose(read(eq.slice(padded, low, own.map((extent, axis) => extent + (low[axis] ?? 0)))), read(x), 0)
      for (const [axis, extent] of own.entries()) {
        const cut = Math.min(extent, low[axis] ?? 0)
        expectClose(read(eq.concatenate(eq.split(x, [cut, extent - cut], axis), axis)), read(x), 0)
      }
    }))

  test('segmentSum is the transpose of take', () =>
    property(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.array(fc.nat(5), { maxLength: 12 })), ([rows, raw]) => {
      const indexArray = eq.array(raw.map((i) => i % rows), { dtype: 'int32' })
      const [x, y] = [randomArray([rows, 3], 1), randomArray([raw.length, 3], 2)]
      const dot = (a: eq.NDArray, b: eq.NDArray) => read(eq.sum(eq.mul(a, b)))
      expectClose(dot(eq.take(x, indexArray), y), dot(x, eq.segmentSum(y, indexArray, rows)), 1e-12)
    }))
})
