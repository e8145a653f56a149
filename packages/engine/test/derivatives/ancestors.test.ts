import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectClose, expectNoLeaks, read, scoped } from '../support/numbers.ts'

const vector = (...values: number[]) => eq.array(values, { dtype: 'float64' })

describe('what an array was computed from', () => {
  expectNoLeaks()

  test(
    'ends at what is tracked and not computed, and leaves out what is not tracked',
    scoped(() => {
      const [x, y, c] = [eq.track(vector(2)), eq.track(vector(3)), vector(5)]
      const product = eq.mul(x, y)
      const z = eq.add(product, eq.mul(c, 2))
      const { leaves, results } = eq.ancestors([z])
      expect(new Set(leaves.map(({ value }) => value))).toEqual(new Set([x.value, y.value]))
      expect(results).toEqual([product.value, z.value])
      expect(eq.ancestors([x]).leaves.map(({ value }) => value)).toEqual([x.value])
      expect(eq.ancestors([c])).toEqual({ leaves: [], results: [] })
    }),
  )

  test('is found in traced functions too', () => {
    let found = 0
    using f = eq.compile((a: eq.NDArray) => {
      const x = eq.track(a)
      found = eq.ancestors([eq.mul(x, x)]).leaves.filter(({ value }) => value === x.value).length
      return eq.neg(a)
    })
    eq.scope(() => void f(vector(1)))
    expect(found).toBe(1)
  })
})

describe('cotangents on the way', () => {
  expectNoLeaks()

  test(
    'are complete when they are shown, once each, and can be replaced',
    scoped(() => {
      const x = eq.track(vector(2))
      const y = eq.mul(x, 3)
      const z = eq.add(eq.mul(y, y), y)
      const seen = new Map<unknown, number[]>()
      const intercept = (value: unknown, cotangent: eq.NDArray) => {
        seen.set(value, [...(seen.get(value) ?? []), ...read(cotangent)])
        return value === y.value ? eq.mul(cotangent, 10) : undefined
      }
      const [g] = eq.grad(z, [x], { intercept })
      if (!g) throw new Error('no gradient')
      expect(seen.get(z.value)).toEqual([1])
      expect(seen.get(y.value)).toEqual([13])
      expect(seen.get(x.value)).toEqual([390])
      expectClose(read(g), [390])
    }),
  )
})
