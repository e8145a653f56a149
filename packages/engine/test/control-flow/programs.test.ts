import { use } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { remoteBackend, useInterpreter } from '../support/devices.ts'
import { expectClose, expectNoLeaks, randomNumbers } from '../support/numbers.ts'

useInterpreter()
const remote = remoteBackend()
use(remote)
await eq.device('webgpu')
expectNoLeaks()

/** On a device of 32-bit floats everything is. */
const make = (shape: readonly number[], seed: number, device: string) => eq.array(randomNumbers(shape.reduce((a, b) => a * b, 1), seed), { shape, dtype: 'float32', device })

const scanned = (w: eq.NDArray, h: eq.NDArray, xs: eq.NDArray): readonly eq.NDArray[] => {
  const { carry, results } = eq.scan(
    (c, x) => {
      const next = eq.tanh(eq.add(eq.mul(c, w), x))
      return [next, eq.square(next)]
    },
    [h],
    [xs],
  )
  return [...carry, ...results]
}
const gradient = (...inputs: eq.NDArray[]) => {
  const tracked = inputs.map(eq.track)
  const [last, ys] = scanned(...(tracked as [eq.NDArray, eq.NDArray, eq.NDArray]))
  return [last, ys, ...eq.grad(eq.add(eq.sum(last as eq.NDArray), eq.sum(ys as eq.NDArray)), tracked)].map((x) => eq.stopGradient(x as eq.NDArray))
}
/** From an array to an array that is computed before and behind the loop, too. */
const halved = (options: eq.WhileOptions = {}) => (x: eq.NDArray): eq.NDArray => {
  const [y] = eq.whileLoop((c) => [eq.greater(eq.sum(c), 1)], (c) => [eq.div(c, 2)], [eq.mul(x, 4)], options)
  return eq.add(y as eq.NDArray, 1)
}
const chosen = (x: eq.NDArray): eq.NDArray => {
  const [y] = eq.cond(eq.greater(eq.sum(x), 0), (a) => [eq.mul(a, 2)], (a) => [eq.exp(a)], [eq.add(x, 1)])
  return eq.neg(y as eq.NDArray)
}

describe.each(['cpu', 'webgpu'])('loops and branches are replayed on device %s', (device) => {
  const inputs = () => [make([3], 1, device), make([3], 2, device), make([5, 3], 3, device)]

  test('scan, with its gradient, several times', async () => {
    using program = eq.compile(gradient)
    const own = inputs()
    const expected = eq.scope(() => gradient(...own))
    for (let call = 0; call < 2; call++) {
      const results = program(...own)
      for (const [k, found] of results.entries()) {
        expectClose(await found.data(), (await expected[k]?.data()) ?? [], 1e-6)
        found.dispose()
      }
    }
    expect(program.explain().toString()).toMatch(/scan .*control flow/)
    expect(program.statistics().launches).toBeGreaterThan(0)
    for (const x of [...own, ...expected]) x.dispose()
  })

  test('scan at other lengths, from the first trace', async () => {
    using program = eq.compile((h: eq.NDArray, xs: eq.NDArray) => scanned(h, h, xs)[1] as eq.NDArray)
    for (const length of [2, 3, 4, 6]) {
      const [h, xs] = [make([3], 1, device), make([length, 3], length, device)]
      const [ys, expected] = [program(h, xs), eq.scope(() => scanned(h, h, xs))]
      expectClose(await ys.data(), (await expected[1]?.data()) ?? [], 1e-6)
      for (const x of [h, xs, ys, ...expected]) x.dispose()
    }
    expect(program.statistics().traces).toBeLessThan(6)
  })

  test('a branch', async () => {
    using program = eq.compile(chosen)
    for (const sign of [1, -1]) {
      const x = eq.array([0.5 * sign, 0.25], { device })
      const [y, expected] = [program(x), eq.scope(() => chosen(x))]
      expectClose(await y.data(), await expected.data(), 1e-6)
      for (const own of [x, y, expected]) own.dispose()
    }
  })

  test('a loop whose end is known by elements', async () => {
    const x = eq.array([3, 1], { device })
    using bounded = eq.compile(halved({ maxIterations: 10 }))
    const y = bounded(x)
    expectClose(await y.data(), [1.75, 1.25], 1e-6)
    for (const own of [x, y]) own.dispose()
  })
})

test('an open loop ends by itself where the host sees the memory, and is refused where it does not', async () => {
  using program = eq.compile(halved())
  const [near, far] = ['cpu', 'webgpu'].map((device) => eq.array([3, 1], { device }))
  if (!near || !far) throw new Error('no arrays')
  const y = program(near)
  expectClose(await y.data(), [1.75, 1.25], 1e-6)
  eq.scope(() => {
    for (const f of [halved(), eq.compile(halved())]) expect(() => f(far)).toThrow(/memory the host does not see; pass maxIterations/)
  })
  for (const own of [near, far, y]) own.dispose()
})

test('indices in a body are looked at, and the error leaves nothing behind', () => {
  const rows = eq.array([[1, 2], [3, 4]])
  const f = (indices: eq.NDArray) => eq.scan((c, i) => [eq.add(c, eq.take(rows, i))], [eq.zeros([1, 2])], [indices]).carry
  using program = eq.compile(f)
  const [good, bad] = [[[0], [1]], [[0], [2]]].map((values) => eq.array(values, { dtype: 'int32' }))
  if (!good || !bad) throw new Error('no arrays')
  for (const x of program(good)) x.dispose()
  expect(() => program(bad)).toThrow(/out of range for 2 rows/)
  for (const own of [rows, good, bad]) own.dispose()
})
