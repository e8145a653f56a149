import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { storageOf } from '../../src/array/ndarray.ts'
import { countingSort, orderOf } from '../../src/compiled/orders.ts'
import { expectNoLeaks } from '../support/numbers.ts'

describe('orders of index arrays', () => {
  expectNoLeaks()

  test('list the positions of every row, ascending', () => {
    const indices = fc.integer({ min: 1, max: 9 }).chain((rows) => fc.tuple(fc.constant(rows), fc.array(fc.nat(rows - 1), { maxLength: 40 })))
    fc.assert(
      fc.property(indices, ([rows, values]) => {
        const { starts, entries } = countingSort(values, rows)
        const lists = Array.from({ length: rows }, (_, row) => [...entries.subarray(starts[row], starts[row + 1])])
        expect(lists).toEqual(Array.from({ length: rows }, (_, row) => values.flatMap((value, at) => (value === row ? [at] : []))))
        expect([starts.length, entries.length]).toEqual([rows + 1, values.length])
      }),
      { seed: 4, numRuns: 200 },
    )
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
