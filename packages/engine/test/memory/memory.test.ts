import { InputError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectNoLeaks, read } from '../support/numbers.ts'

describe('memory', () => {
  expectNoLeaks()

  test('dispose gives a buffer back, once', () => {
    const x = eq.zeros([3])
    expect(eq.liveBuffers()).toBe(1)
    x.dispose()
    x.dispose()
    expect(eq.liveBuffers()).toBe(0)
    expect(x.isDisposed).toBe(true)
  })

  test('using gives a buffer back', () => {
    {
      using x = eq.zeros([3])
      expect([x.size, eq.liveBuffers()]).toEqual([3, 1])
    }
    expect(eq.liveBuffers()).toBe(0)
  })

  test('arrays that share memory count once and live on their own', () => {
    const x = eq.array([1, 2, 3, 4])
    const y = eq.reshape(x, [2, 2])
    const z = x.share()
    expect(eq.liveBuffers()).toBe(1)
    x.dispose()
    expect(read(y)).toEqual([1, 2, 3, 4])
    y.dispose()
    expect(read(z)).toEqual([1, 2, 3, 4])
    z.dispose()
  })

  test('a function that has nothing to do returns a handle of its own', () => {
    const x = eq.zeros([2])
    for (const f of [
      () => eq.reshape(x, [2]),
      () => eq.cast(x, 'float32'),
      () => eq.permute(x, [0]),
      () => eq.broadcastTo(x, [2]),
      () => eq.concatenate([x]),
      () => eq.slice(x, [0], [2]),
      () => eq.sum(x, { axes: [] }),
    ])
      f().dispose()
    expect(read(x)).toEqual([0, 0])
    x.dispose()
  })

  test('a scope frees all but what it returns, however deep that lies', () => {
    const { list, map } = eq.scope(() => {
      const a = eq.ones([2])
      const b = eq.add(a, 1)
      return { list: [b, { c: eq.scope(() => eq.mul(eq.add(b, 1), 2)) }] as const, map: new Map([['d', a]]) }
    })
    expect(eq.liveBuffers()).toBe(3)
    expect(read(list[1].c)).toEqual([6, 6])
    for (const x of [list[0], list[1].c, ...map.values()]) x.dispose()
  })

  test('a scope frees everything after an error', () => {
    const before = eq.liveBuffers()
    expect(() =>
      eq.scope(() => {
        eq.zeros([2])
        throw new Error('stop')
      }),
    ).toThrow('stop')
    expect(eq.liveBuffers()).toBe(before)
  })

  test('a scope refuses promises', () => {
    expect(() => eq.scope(async () => eq.zeros([1]).dispose())).toThrow(InputError)
    expect(() => eq.noGrad(async () => 1)).toThrow(InputError)
  })

  test('a scope in steps frees all but what it returns, whatever runs in between', async () => {
    const before = eq.liveBuffers()
    const between: eq.NDArray[] = []
    const result = await eq.scopeInSteps(
      function* () {
        const a = eq.ones([2])
        yield
        const b = eq.add(a, 1)
        yield
        return { kept: eq.mul(b, 2) }
      },
      async () => {
        between.push(eq.scope(() => eq.zeros([1])))
      },
    )
    expect(read(result.kept)).toEqual([4, 4])
    expect(between).toHaveLength(2)
    expect(eq.liveBuffers() - before).toBe(3)
    for (const x of [result.kept, ...between]) x.dispose()
  })

  test('a scope in steps frees everything when it is given up, or fails', async () => {
    const before = eq.liveBuffers()
    const x = eq.scope(() => eq.track(eq.ones([2])))
    const work = function* () {
      const y = eq.sum(eq.exp(eq.sin(x)))
      yield
      return yield* eq.gradSteps(y, [x])
    }
    let pauses = 0
    for (const last of [1, 3])
      await expect(
        eq.scopeInSteps(work, async () => {
          if (++pauses >= last) throw new Error('enough')
        }),
      ).rejects.toThrow('enough')
    const failing = function* () {
      eq.zeros([1])
      yield
      eq.reshape(eq.zeros([2]), [3])
    }
    await expect(eq.scopeInSteps(failing, () => Promise.resolve())).rejects.toThrow(/reshape/)
    const [g] = await eq.scopeInSteps(work, () => Promise.resolve())
    const [expected] = eq.scope(() => eq.grad(eq.sum(eq.exp(eq.sin(x))), [x]))
    expect(read(g ?? x)).toEqual(read(expected ?? x))
    for (const array of [x, g, expected]) array?.dispose()
    expect(eq.liveBuffers()).toBe(before)
  })

  test('steps keep the recording mode of those who run in between', async () => {
    const x = eq.scope(() => eq.track(eq.ones([2])))
    const modes: boolean[] = []
    const work = () => eq.gradSteps(eq.scope(() => eq.sum(eq.exp(eq.sin(x)))), [x])
    const [g] = await eq.scopeInSteps(work, async () => {
      modes.push(eq.scope(() => eq.mul(x, 2).isTracked))
    })
    expect(modes.length).toBeGreaterThan(2)
    expect(new Set(modes)).toEqual(new Set([true]))
    expect(g?.isTracked).toBe(false)
    for (const array of [x, g]) array?.dispose()
  })

  test('a graph keeps what its derivatives need, and lets it go with its last handle', () => {
    const before = eq.liveBuffers()
    const x = eq.scope(() => eq.track(eq.array([1, 2, 3], { dtype: 'float64' })))
    const y = eq.scope(() => eq.sum(eq.exp(eq.sin(x))))
    expect(eq.liveBuffers() - before).toBeGreaterThan(2)
    const [g] = eq.grad(y, [x])
    expect(read(g ?? x)).toEqual([1, 2, 3].map((v) => Math.exp(Math.sin(v)) * Math.cos(v)))
    g?.dispose()
    y.dispose()
    x.dispose()
    expect(eq.liveBuffers()).toBe(before)
  })

  test('a chain of many operations is released without recursion', () => {
    eq.scope(() => {
      let y = eq.track(eq.ones([1]))
      for (let i = 0; i < 20_000; i++) y = eq.scope(() => eq.mul(y, 1))
      const total = eq.sum(y)
      expect(eq.liveBuffers()).toBeGreaterThan(20_000)
      total.dispose()
    })
  })

  test('1000 gradients leave nothing behind', () => {
    const x = eq.scope(() => eq.track(eq.ones([4])))
    const before = eq.liveBuffers()
    for (let i = 0; i < 1000; i++) eq.scope(() => eq.grad(eq.sum(eq.square(eq.sin(x))), [x], { createGraph: i % 2 === 0 }).length)
    expect(eq.liveBuffers()).toBe(before)
    x.dispose()
  })
})
