import { expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { collected, collector } from '../support/collector.ts'

test('forgotten arrays and their graphs are given back by garbage collection', async () => {
  const gc = collector()
  const forget = () => {
    const x = eq.track(eq.ones([100]))
    for (let i = 0; i < 50; i++) eq.sum(eq.exp(eq.mul(x, i)))
  }
  forget()
  expect(eq.liveBuffers()).toBeGreaterThan(100)
  await collected(gc, () => eq.liveBuffers() === 0)
  expect(eq.liveBuffers()).toBe(0)
})
