import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { checkDerivatives } from '../support/derivatives.ts'
import { expectClose, expectNoLeaks, randomArray, read, scoped } from '../support/numbers.ts'

expectNoLeaks()

const int = (value: number) => eq.array([value], { shape: [], dtype: 'int32' })
const at = (list: readonly (eq.NDArray | undefined)[], k: number): eq.NDArray => {
  const x = list[k]
  if (!x) throw new Error(`no array ${k}`)
  return x
}

/** A carry of two arrays, one of which counts; two results; a row, and a weight that is closed over. */
const recurrence =
  (w: eq.NDArray) =>
  (...[count, h, x]: eq.NDArray[]): eq.NDArray[] => {
    if (!count || !h || !x) throw new Error('a step of fewer arrays')
    const next = eq.tanh(eq.add(eq.mul(h, w), x))
    return [eq.add(count, 1), next, eq.mul(next, eq.cast(count, 'float64')), eq.square(next)]
  }
const scanned = (reverse: boolean): eq.ArrayFunction => (w, h, xs) => {
  const { carry, results } = eq.scan(recurrence(w), [int(0), h], [xs], { reverse })
  return eq.concatenate([...carry.slice(1), ...results].map((x) => eq.reshape(x, [x.size])))
}
/** As a primitive: inside of a function that is mapped. */
const asPrimitive = (f: eq.ArrayFunction): eq.ArrayFunction => (...inputs) => {
  const one = eq.vmap((...own) => [f(...own)])(...inputs.map((x) => eq.reshape(x, [1, ...x.shape])))
  return eq.reshape(at(one, 0), at(one, 0).shape.slice(1))
}
const inputs = () => [randomArray([3], 1), randomArray([3], 2), randomArray([4, 3], 3)]

describe('scan', () => {
  test.each([false, true])('is its loop, as a primitive, reversed: %s', (reverse) =>
    scoped(() => {
      const own = inputs()
      expectClose(read(asPrimitive(scanned(reverse))(...own)), read(scanned(reverse)(...own)), 0)
    })(),
  )

  test.each([false, true])('has derivatives of every order, reversed: %s', (reverse) => {
    scope(() => checkDerivatives(asPrimitive(scanned(reverse)), inputs(), 3))
  })

  test('gives the derivatives of its loop, in a program too', () =>
    scoped(() => {
      const gradient = (f: eq.ArrayFunction) => (...own: eq.NDArray[]) => eq.vjp((...x: eq.NDArray[]) => eq.sum(eq.square(f(...x))))(own).gradients
      const second = (f: eq.ArrayFunction) => gradient((...own: eq.NDArray[]) => eq.concatenate(gradient(f)(...own).map((g) => eq.reshape(g, [g.size]))))
      const loop = scanned(false)
      for (const derivative of [gradient, second]) {
        using program = eq.compile(derivative(loop))
        for (const [k, g] of program(...inputs()).entries()) expectClose(read(g), read(at(derivative(loop)(...inputs()), k)), 1e-12)
      }
    })(),
  )

  test('does not grow with its length in a program, and other lengths need no trace', () =>
    scoped(() => {
      let calls = 0
      using program = eq.compile((h: eq.NDArray, xs: eq.NDArray) => {
        const { carry, results } = eq.scan((c, x) => {
          calls++
          const next = eq.tanh(eq.add(c, x))
          return [next, next]
        }, [h], [xs])
        return [...carry, ...results]
      })
      for (const length of [3, 5, 8, 13, 40, 7]) {
        const xs = randomArray([length, 2], length)
        const [last, ys] = program(randomArray([2], 1), xs)
        let carry = randomArray([2], 1)
        for (const x of eq.unstack(xs)) carry = eq.tanh(eq.add(carry, x))
        expectClose(read(at([last], 0)), read(carry), 0)
        expect(ys?.shape).toEqual([length, 2])
        expect(program.statistics().steps).toBeLessThan(4)
      }
      expect(program.statistics().newShapes).toEqual({ by: 'sizes', sizes: 1 })
      expect(calls).toBe(program.statistics().traces)
    })(),
  )

  test('of no steps, of nothing but a length, and nested', () =>
    scoped(() => {
      const { carry, results } = eq.scan((c, x) => [c, eq.mul(x, 2)], [int(3)], [eq.zeros([0, 2])])
      expect([read(at(carry, 0)), at(results, 0).shape]).toEqual([[3], [0, 2]])
      // Σ_{i < 4} Σ_{j < 3} x: a scan in a scan.
      const twice = (x: eq.NDArray) => {
        const inner = (c: eq.NDArray) => at(eq.scan((own) => [eq.add(own, eq.square(x))], [c], [], { length: 3 }).carry, 0)
        return at(eq.scan((c) => [inner(c)], [eq.zerosLike(x)], [], { length: 4 }).carry, 0)
      }
      const x = randomArray([2], 1)
      using program = eq.compile((own: eq.NDArray) => [twice(own), ...eq.vjp((y: eq.NDArray) => eq.sum(twice(y)))([own]).gradients])
      const [value, gradient] = program(x)
      expectClose(read(at([value], 0)), read(x).map((own) => 12 * own ** 2))
      expectClose(read(at([gradient], 0)), read(x).map((own) => 24 * own))
      checkDerivatives(asPrimitive(twice), [x], 3)
    })(),
  )

  test('refuses what is no scan', () =>
    scoped(() => {
      const x = randomArray([4, 2], 1)
      expect(() => eq.scan((c) => [c], [int(0)], [])).toThrow(/number of steps is not known/)
      expect(() => eq.scan((c) => [c], [int(0)], [], { length: -1 })).toThrow(/length is -1/)
      expect(() => eq.scan((c) => [c], [int(0)], [x], { length: 3 })).toThrow(/4 rows for 3 steps/)
      const shrinking = (own: eq.NDArray) => eq.scan((c) => [eq.sum(c)], [own], [], { length: 2 }).carry
      for (const run of [shrinking, eq.vmap(shrinking)])
        expect(() => run(x)).toThrow(/the carry was float64\[.*\] and is float64\[\]/)
    })(),
  )
})

describe('whileLoop', () => {
  /** x ← x / 2 while Σx > 1: as often as it has to. */
  const halved = (options?: eq.WhileOptions) => (x: eq.NDArray) =>
    at(eq.whileLoop((c) => [eq.greater(eq.sum(c), 1)], (c) => [eq.div(c, 2)], [x], options), 0)
  const x = () => eq.array([12, 3], { dtype: 'float64' })

  test.each([undefined, { maxIterations: 30 }])('ends by itself: at once, mapped, in programs; %s', (options) =>
    scoped(() => {
      const f = halved(options)
      using program = eq.compile(f)
      expect(read(f(x()))).toEqual([0.75, 0.1875])
      expect(read(program(x()))).toEqual([0.75, 0.1875])
      const [mapped] = eq.vmap((own) => [f(own)])(eq.array([[12, 3], [0.5, 0.25]], { dtype: 'float64' }))
      expect(read(at([mapped], 0))).toEqual([0.75, 0.1875, 0.5, 0.25])
      using both = eq.compile((own: eq.NDArray) => eq.vmap((y) => [f(y)])(own))
      expect(read(at(both(eq.array([[12, 3], [0.5, 0.25]], { dtype: 'float64' })), 0))).toEqual([0.75, 0.1875, 0.5, 0.25])
    })(),
  )

  test('has a tangent without a bound, and a gradient where it is run or bounded', () =>
    scoped(() => {
      const total = (options?: eq.WhileOptions) => (own: eq.NDArray) => eq.sum(halved(options)(own))
      const gradient = (options?: eq.WhileOptions) => (own: eq.NDArray) => eq.vjp(total(options))([own]).gradients
      expect(read(at(gradient()(x()), 0))).toEqual([1 / 16, 1 / 16])
      using forward = eq.compile((own: eq.NDArray, t: eq.NDArray) => eq.jvp(halved())([own], [t]).tangent)
      expect(read(forward(x(), eq.ones([2], { dtype: 'float64' })))).toEqual([1 / 16, 1 / 16])
      using bounded = eq.compile(gradient({ maxIterations: 8 }))
      expect(read(at(bounded(x()), 0))).toEqual([1 / 16, 1 / 16])
      using unbounded = eq.compile(gradient())
      expect(() => unbounded(x())).toThrow(/reverse mode needs what every step computed.*pass maxIterations/)
    })(),
  )

  test('stops at its bound, and refuses what is no condition', () =>
    scoped(() => {
      const f = halved({ maxIterations: 2 })
      using program = eq.compile(f)
      using gradient = eq.compile((own: eq.NDArray) => eq.vjp((y) => eq.sum(f(y)))([own]).output)
      expect([read(f(x())), read(program(x())), read(gradient(x()))]).toEqual([[3, 0.75], [3, 0.75], [3.75]])
      expect(() => eq.whileLoop((c) => [c], (c) => [c], [x()])).toThrow(/must be one boolean/)
      expect(() => halved({ maxIterations: 1.5 })(x())).toThrow(/maxIterations is 1.5/)
    })(),
  )
})

describe('cond', () => {
  const branch: eq.ArrayFunction = (x, y) =>
    at(eq.cond(eq.greater(eq.sum(x), 0), (a, b) => [eq.mul(eq.square(a), b)], (a, b) => [eq.sin(eq.mul(a, b))], [x, y]), 0)
  const cases = [[[0.4, 0.3], [0.7, -0.2]], [[-0.4, 0.1], [0.7, -0.2]]].map((own) => () => own.map((values) => eq.array(values, { dtype: 'float64' })))

  test.each(cases)('has derivatives of every order on both sides', (make) => {
    scope(() => {
      checkDerivatives(branch, make(), 3)
      const own = make()
      const gradient = (...y: eq.NDArray[]) => eq.vjp((...z: eq.NDArray[]) => eq.sum(branch(...z)))(y).gradients
      using program = eq.compile((...y: eq.NDArray[]) => [branch(...y), ...gradient(...y)])
      const expected = [branch(...own), ...gradient(...own)]
      for (const [k, found] of program(...own).entries()) expectClose(read(found), read(at(expected, k)), 1e-15)
      const second = (...y: eq.NDArray[]) => eq.vjp((...z: eq.NDArray[]) => eq.sum(eq.square(eq.concatenate(gradient(...z)))))(y).gradients
      using compiled = eq.compile(second)
      for (const [k, found] of compiled(...own).entries()) expectClose(read(found), read(at(second(...own), k)), 1e-13)
    })
  })

  test('runs one branch: in a program too', () =>
    scoped(() => {
      // A loop that would not end is not entered.
      const endless = (c: eq.NDArray) => eq.whileLoop(() => [eq.array([1], { dtype: 'bool' })], (own) => [own], [c])
      const f = (x: eq.NDArray) => at(eq.cond(eq.greater(eq.sum(x), 0), (a) => [eq.neg(a)], (a) => endless(a), [x]), 0)
      using program = eq.compile(f)
      expect(read(program(eq.array([1, 2])))).toEqual([-1, -2])
      expect(read(f(eq.array([1, 2])))).toEqual([-1, -2])
    })(),
  )

  test('of a map: the same for all entries, or not', () =>
    scoped(() => {
      const xs = eq.array([[1, 2], [-1, -2]], { dtype: 'float64' })
      const f = (condition: eq.NDArray, x: eq.NDArray) => eq.cond(condition, (a) => [eq.mul(a, 2)], (a) => [eq.neg(a)], [x])
      const yes = eq.array([1, 0], { dtype: 'bool' })
      expect(read(at(eq.vmap((x) => f(eq.greater(eq.sum(x), 0), x))(xs), 0))).toEqual([2, 4, 1, 2])
      expect(read(at(eq.vmap((c) => f(c, eq.array([5], { dtype: 'float64' })))(yes), 0))).toEqual([10, -5])
      using program = eq.compile((c: eq.NDArray, x: eq.NDArray) => eq.vmap((own) => f(c, own))(x))
      for (const [k, expected] of [[2, 4, -2, -4], [-1, -2, 1, 2]].entries()) expect(read(at(program(eq.array([1 - k], { dtype: 'bool' }), xs), 0))).toEqual(expected)
      const uneven = eq.vmap((x) => eq.cond(eq.greater(eq.sum(x), 0), (a) => [a], (a) => [eq.sum(a)], [x]))
      expect(() => uneven(xs)).toThrow(/the result was float64\[2\] and is float64\[\]/)
    })(),
  )
})

const scope = (body: () => void): void => eq.scope(body)
