import { descriptors, DeviceError, interpreterBackend, Irreps, use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { collected, collector } from '../support/collector.ts'
import { expectNoLeaks, randomArray, read } from '../support/numbers.ts'

const backend = createCpu({ threads: 1 })
const device = backend.openSync()
const limited = interpreterBackend({ memoryLimit: 4000 }).openSync()
use({ ...backend, openSync: () => device })

const irreps = (text: string) => new Irreps('O3', text)
const { polynomial } = descriptors.channelwiseTensorProduct(irreps('4x0e + 4x1o'), irreps('0e + 1o'), irreps('0e + 1o'))

describe('memory of a backend', () => {
  expectNoLeaks()

  test('does not grow over 10,000 evaluations, every tenth with gradients', () => {
    const inputs = eq.scope(() => polynomial.inputs.map(({ size }, i) => eq.track(randomArray([3, size], i))))
    const evaluate = (seed: number) => {
      eq.scope(() => {
        const indices = eq.array([seed % 3, (seed + 1) % 3, 0], { dtype: 'int32' })
        const [w, x, y] = inputs
        if (!w || !x || !y) throw new Error('three operands')
        const [z] = eq.segmentedPolynomial(polynomial, [w, { array: x, indices }, y], { outputs: [{ indices, rows: 3 }] })
        if (z && seed % 10 === 0) eq.grad(eq.sum(eq.square(z)), [x])
      })
    }
    for (let i = 0; i < 100; i++) evaluate(i)
    const before = device.statistics()
    for (let i = 0; i < 10_000; i++) evaluate(i)
    expect(device.statistics()).toEqual(before)
    for (const x of inputs) x.dispose()
  })

  test('of forgotten arrays goes back by garbage collection', async () => {
    const gc = collector()
    const before = device.statistics().liveBuffers
    const forget = () => {
      const x = eq.ones([100])
      for (let i = 0; i < 50; i++) eq.exp(eq.mul(x, i))
    }
    forget()
    expect(device.statistics().liveBuffers).toBeGreaterThan(before + 100)
    await collected(gc, () => eq.liveBuffers() === 0)
    expect([device.statistics().liveBuffers, eq.liveBuffers()]).toEqual([before, 0])
  })

  test('that is not there is a typed error, and nothing is kept', async () => {
    use({ ...interpreterBackend(), openSync: () => limited })
    using x = eq.ones([10, 10])
    const sum = eq.scope(() => eq.sum(eq.exp(x)))
    expect(await sum.item()).toBeCloseTo(100 * Math.E, 3)
    sum.dispose()
    const { liveBuffers } = limited.statistics()
    expect(() => eq.scope(() => eq.exp(eq.broadcastTo(eq.reshape(x, [1, 100]), [100, 100])))).toThrow(DeviceError)
    expect(() => eq.scope(() => eq.matmul(eq.reshape(x, [100, 1]), eq.reshape(x, [1, 100])))).toThrow(/no memory of 40000 bytes/)
    expect(limited.statistics().liveBuffers).toBe(liveBuffers)
    using y = eq.scope(() => eq.add(x, 1))
    expect(read(y)).toEqual(Array.from({ length: 100 }, () => 2))
  })

  test('that was lost is an error, for what lies there and for what comes', async () => {
    const x = eq.scope(() => eq.add(eq.ones([2]), 1))
    limited.lose('a test')
    await expect(x.data()).rejects.toThrow(/was lost: a test/)
    expect(() => eq.neg(x)).toThrow(DeviceError)
    x.dispose()
  })
})
