import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import * as eq from '../../src/index.ts'

/** The collector, which is only there on request. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  if (typeof gc !== 'function') throw new Error('no collector')
  return () => void Reflect.apply(gc, undefined, [])
}

test('forgotten arrays and their graphs are given back by garbage collection', async () => {
  const gc = collector()
  const forget = () => {
    const x = eq.track(eq.ones([100]))
    for (let i = 0; i < 50; i++) eq.sum(eq.exp(eq.mul(x, i)))
  }
  forget()
  expect(eq.liveBuffers()).toBeGreaterThan(100)
  // Finalisers run some time after a collection.
  for (let attempt = 0; attempt < 100 && eq.liveBuffers() > 0; attempt++) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(eq.liveBuffers()).toBe(0)
})
