import { InputError, ShapeError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectClose, expectNoLeaks, randomArray, read, scoped } from '../support/numbers.ts'

const only = (arrays: readonly eq.NDArray[]): eq.NDArray => {
  const [x] = arrays
  if (!x) throw new Error('expected an array')
  return x
}
/** `Σ_j sin(x_i w_ij)²`, something with derivatives of every order. */
const f = (x: eq.NDArray, w: eq.NDArray) => eq.sum(eq.square(eq.sin(eq.matmul(eq.reshape(x, [1, x.size]), w))))
const gradientOf = (x: eq.NDArray, w: eq.NDArray): eq.NDArray => {
  const leaf = eq.track(x)
  return only(eq.grad(f(leaf, w), [leaf], { createGraph: true }))
}

describe('vmap', () => {
  expectNoLeaks()

  test(
    'maps over any axis, and puts it anywhere',
    scoped(() => {
      const x = randomArray([2, 5, 3], 1)
      const [y] = eq.vmap((a) => [eq.mul(a, 2)], { inAxes: [1], outAxes: [2] })(x)
      expect(read(y ?? x)).toEqual(read(eq.moveAxis(eq.mul(x, 2), 1, 2)))
      const [shared, mapped] = eq.vmap((a, b) => [eq.exp(b), eq.add(a, b)], { inAxes: [-1, null] })(x, eq.scalar(1, { dtype: 'float64' }))
      expect(shared?.shape).toEqual([3])
      expect(mapped?.shape).toEqual([3, 2, 5])
    }),
  )

  test(
    'has derivatives inside, outside, and of itself',
    scoped(() => {
      const [xs, w] = [randomArray([4, 3], 1), randomArray([3, 5], 2)]
      const rows = eq.unstack(xs)
      const inside = only(eq.vmap((x) => [gradientOf(x, w)])(xs))
      expectClose(read(inside), read(eq.stack(rows.map((x) => gradientOf(x, w)))), 1e-14)

      const tracked = eq.track(xs)
      const outside = only(eq.grad(eq.sum(only(eq.vmap((x) => [f(x, w)])(tracked))), [tracked]))
      expectClose(read(outside), read(inside), 1e-14)

      // With respect to what all entries share, and is closed over.
      const weights = eq.track(w)
      const [gw] = eq.grad(eq.sum(only(eq.vmap((x) => [eq.sum(eq.square(gradientOf(x, weights)))])(xs))), [weights])
      const loop = rows.map((x) => eq.sum(eq.square(gradientOf(x, weights)))).reduce((a, b) => eq.add(a, b))
      expectClose(read(gw ?? w), read(only(eq.grad(loop, [weights]))), 1e-13)

      // A Hessian, as forward over reverse over the rows of the identity.
      const [x] = rows
      const basis = eq.array([1, 0, 0, 0, 1, 0, 0, 0, 1], { shape: [3, 3], dtype: 'float64' })
      const product = eq.hessianVectorProduct((a) => f(a, w))
      const hessian = only(eq.vmap((v) => product([x ?? xs], [v]))(basis))
      const expected = eq.stack(eq.unstack(basis).map((v) => only(product([x ?? xs], [v]))))
      expectClose(read(hessian), read(expected), 1e-14)
    }),
  )

  test(
    'nests, and runs inside of programs for any number of entries',
    scoped(() => {
      const outer = (a: eq.NDArray, b: eq.NDArray) => only(eq.vmap((x) => eq.vmap((y) => [eq.sum(eq.mul(eq.sin(x), y))])(b))(a))
      using program = eq.compile((a: eq.NDArray, b: eq.NDArray) => only(eq.vmap((x) => [gradientOf(x, eq.reshape(eq.take(b, eq.array([0, 1, 2], { dtype: 'int32' })), [3, 2]))])(a)))
      for (const [n, m] of [[4, 3], [6, 5], [9, 7]] as const) {
        const [a, b] = [randomArray([n, 3], n), randomArray([m, 3], m)]
        expectClose(read(outer(a, b)), read(eq.matmul(eq.sin(a), b, { transposeB: true })), 1e-14)
        const c = randomArray([3, 2], 5)
        expectClose(read(program(a, c)), read(only(eq.vmap((x) => [gradientOf(x, c)])(a))), 1e-13)
      }
      expect(program.statistics().newShapes.by).toBe('sizes')
    }),
  )

  test(
    'refuses indices out of range in any entry',
    scoped(() => {
      const x = randomArray([2, 3], 1)
      const indices = eq.array([0, 3, 1, 0], { shape: [2, 2], dtype: 'int32' })
      expect(() => eq.vmap((a, i) => [eq.take(a, i)])(x, indices)).toThrow(InputError)
      expect(() => eq.vmap((i) => [eq.bincount(i, 3)])(indices)).toThrow(InputError)
    }),
  )

  test(
    'refuses what it cannot map',
    scoped(() => {
      const f1 = eq.vmap((a, b) => [eq.add(a, b)])
      expect(() => f1(randomArray([2, 3], 1), randomArray([3, 3], 1))).toThrow(ShapeError)
      expect(() => f1(randomArray([2], 1), eq.scalar(1))).toThrow(/has no axis 0 to map over/)
      expect(() => eq.vmap((a) => [a], { inAxes: [null] })(eq.scalar(1))).toThrow(/no input is mapped/)
      expect(() => eq.vmap((a, b) => [eq.add(a, b)], { inAxes: [0] })(randomArray([2], 1), randomArray([2], 1))).toThrow(/no axis for input 1/)
    }),
  )
})
