import { InputError, ShapeError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { checkDerivatives } from '../support/derivatives.ts'
import { expectClose, expectNoLeaks, randomArray, read, scoped } from '../support/numbers.ts'

const only = (arrays: readonly eq.NDArray[]): eq.NDArray => {
  const [x] = arrays
  if (!x) throw new Error('expected an array')
  return x
}
const product = (a: eq.NDArray, b: eq.NDArray) => eq.mul(eq.sin(a), eq.exp(b))
const zero = (x: eq.NDArray) => eq.zerosLike(x)

/** `sin(a) e^b` with the right tangents, by hand. */
const byTangents = eq.customJvp((a, b) => [product(a, b)], {
  name: 'product',
  tangents: ([a, b], [y], [ta, tb]) => (a && b && y ? [eq.add(eq.mul(ta ?? zero(a), eq.mul(eq.cos(a), eq.exp(b))), eq.mul(tb ?? zero(b), y))] : []),
})
/** The same with the right cotangents. */
const byCotangents = eq.customVjp((a, b) => [product(a, b)], {
  name: 'product',
  forward: (a, b) => ({ outputs: [product(a, b)], residuals: [a, b] }),
  backward: ([a, b], [ct]) => (a && b && ct ? [eq.mul(ct, eq.mul(eq.cos(a), eq.exp(b))), eq.mul(ct, product(a, b))] : []),
})
const remembered = (a: eq.NDArray, b: eq.NDArray) => only(eq.checkpoint((x, y) => [product(x, y)])(a, b))

describe('custom derivatives', () => {
  expectNoLeaks()

  test(
    'agree with those of primitives, to third order, inside of vmap and of programs',
    scoped(() => {
      const inputs = [randomArray([3], 1), randomArray([3], 2)]
      checkDerivatives((a, b) => only(byTangents(a, b)), inputs, 3)
      checkDerivatives(remembered, inputs, 3)
      for (const f of [(a: eq.NDArray, b: eq.NDArray) => only(byTangents(a, b)), (a: eq.NDArray, b: eq.NDArray) => only(byCotangents(a, b)), remembered]) {
        const second = (g: typeof product) => (a: eq.NDArray, b: eq.NDArray) => {
          const [x, y] = [eq.track(a), eq.track(b)]
          const [gx = x] = eq.grad(eq.sum(g(x, y)), [x, y], { createGraph: true })
          return eq.concatenate(eq.grad(eq.sum(eq.square(gx)), [x, y], { createGraph: true }))
        }
        const [a = randomArray([3], 1), b = a] = inputs
        expectClose(read(second(f)(a, b)), read(second(product)(a, b)), 1e-13)
        const rows = [randomArray([4, 3], 3), b] as const
        const mapped = (g: typeof product) => only(eq.vmap((x, y) => [second(g)(x, y)], { inAxes: [0, null] })(...rows))
        expectClose(read(mapped(f)), read(mapped(product)), 1e-13)
        // Mapped first, then differentiated, with respect to what is mapped and to what is shared.
        const outside = (g: typeof product) =>
          second((x, y) => only(eq.vmap((own, all) => [g(own, all)], { inAxes: [0, null] })(eq.stack([x, x]), y)))
        expectClose(read(outside(f)(a, b)), read(outside(product)(a, b)), 1e-13)
        using program = eq.compile(second(f))
        expectClose(read(program(a, b)), read(second(product)(a, b)), 1e-13)
      }
    }),
  )

  test(
    'are what their author says, not what the function does',
    scoped(() => {
      const x = eq.track(eq.scalar(2, { dtype: 'float64' }))
      const clipped = eq.customVjp((a) => [eq.square(a)], {
        name: 'clipped',
        forward: (a) => ({ outputs: [eq.square(a)], residuals: [] }),
        backward: (_, [ct]) => [ct && eq.minimum(ct, 0.5)],
      })
      expect(read(only(eq.grad(only(clipped(x)), [x])))).toEqual([0.5])
      const straight = eq.customJvp((a) => [eq.floor(a)], { name: 'straight through', tangents: (_, __, [t]) => [t] })
      expect(read(only(eq.grad(only(straight(eq.mul(x, 1.3))), [x])))).toEqual([1.3])
    }),
  )

  test(
    'refuse what would get no derivative',
    scoped(() => {
      const [x, w] = [eq.track(eq.scalar(2)), eq.track(eq.scalar(3))]
      for (const f of [eq.checkpoint((a) => [eq.mul(a, w)]), eq.customJvp((a) => [eq.mul(a, w)], { name: 'own', tangents: (_, __, t) => t })])
        expect(() => f(x)).toThrow(/depends on the tracked array float32\[\], which is none of its inputs/)
      expect(() => eq.pushforward([only(byCotangents(x, w))], [x], [eq.scalar(1)])).toThrow(/custom reverse rule only, and forward mode/)
      const wrong = (backward: eq.CustomVjpRule['backward']) =>
        eq.customVjp((a) => [eq.square(a)], { name: 'wrong', forward: (a) => ({ outputs: [eq.square(a)], residuals: [] }), backward })
      expect(() => eq.grad([...wrong(() => [])(x)], [x])).toThrow(InputError)
      expect(() => eq.grad([...wrong(() => [eq.zeros([2])])(x)], [x])).toThrow(ShapeError)
    }),
  )

  test(
    'checkpoint keeps no intermediate result, also in a program',
    scoped(() => {
      const layer = (x: eq.NDArray) => eq.exp(eq.sin(eq.mul(eq.sin(x), x)))
      const x = eq.track(randomArray([1000], 1))
      const held = (f: (y: eq.NDArray) => eq.NDArray) => {
        const before = eq.liveBuffers()
        const y = eq.scope(() => f(x))
        return [eq.liveBuffers() - before, read(only(eq.grad(eq.sum(y), [x])))] as const
      }
      const [plain, expected] = held(layer)
      const [kept, found] = held((y) => only(eq.checkpoint((a) => [layer(a)])(y)))
      expect(kept).toBeLessThan(plain)
      expectClose(found, expected, 1e-14)
      const steps = (f: (y: eq.NDArray) => eq.NDArray) => {
        using program = eq.compile((y: eq.NDArray) => {
          const leaf = eq.track(y)
          return only(eq.grad(eq.sum(f(leaf)), [leaf]))
        })
        program(eq.stopGradient(x))
        return program.statistics().steps
      }
      // What is computed again is not found to be there already.
      expect(steps((y) => only(eq.checkpoint((a) => [layer(a)])(layer(y))))).not.toBe(steps((y) => layer(layer(y))))
    }),
  )
})
