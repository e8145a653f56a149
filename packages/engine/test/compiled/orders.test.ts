import { use } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { storageOf } from '../../src/array/ndarray.ts'
import { orderOf } from '../../src/compiled/orders.ts'
import { remoteBackend } from '../support/devices.ts'
import { expectNoLeaks, randomNumbers } from '../support/numbers.ts'

describe('orders of index arrays', () => {
  expectNoLeaks()

  test('list the positions of every row, ascending', () => {
    const values = [4, 1, 1, 0, 4, 1]
    eq.scope(() => {
      const order = orderOf(storageOf(eq.array(values, { dtype: 'int32' }).value), 6)
      expect([...(order.starts.view() ?? [])]).toEqual([0, 1, 4, 4, 4, 6, 6])
      expect([...(order.entries.view() ?? [])]).toEqual([3, 1, 2, 5, 0, 4])
    })
  })

  test('are made by kernels where the host does not see the index array', async () => {
    const remote = remoteBackend()
    use(remote)
    await eq.device('webgpu')
    const values = Int32Array.from(randomNumbers(300, 1, 0, 17))
    const on = (device: string) => eq.array(values, { device })
    const [there, here] = [on('webgpu'), on('cpu')]
    // Computed there, so the host has never seen it.
    const copy = eq.scope(() => eq.add(there, 0))
    const [order, expected] = [copy, here].map((indices) => orderOf(storageOf(indices.value), 20))
    const backend = storageOf(copy.value).backend
    if (!backend) throw new Error('the index array is not on the device')
    expect([order?.starts.backend === backend, order?.entries.backend === backend]).toEqual([true, true])
    expect(expected?.starts.backend).not.toBe(backend)
    expect(await order?.starts.read()).toEqual(expected?.starts.view())
    expect(await order?.entries.read()).toEqual(expected?.entries.view())
    for (const x of [there, here, copy]) x.dispose()
  })

  test('are made once an index array and number of rows, and go with it', () => {
    const indices = eq.array([2, 0, 2], { dtype: 'int32' })
    const same = eq.reshape(indices, [3, 1])
    const before = eq.liveBuffers()
    const order = orderOf(storageOf(indices.value), 3)
    expect(orderOf(storageOf(same.value), 3)).toBe(order)
    expect(orderOf(storageOf(same.value), 4)).not.toBe(order)
    expect(eq.liveBuffers()).toBe(before + 4)
    indices.dispose()
    expect(order.starts.isReleased).toBe(false)
    same.dispose()
    expect(order.starts.isReleased).toBe(true)
  })
})
