import { InputError, use } from '@equivar/core'
import { beforeAll, describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { noCalls, remoteBackend, type CallCounts } from '../support/devices.ts'
import { expectClose, expectNoLeaks, randomNumbers } from '../support/numbers.ts'
import { functions } from './functions.ts'

const remote = remoteBackend()
const messages = functions.find(({ name }) => name === 'messages along edges and their gradient')

const on = (shape: readonly number[], seed: number) => eq.array(randomNumbers(shape.reduce((a, b) => a * b, 1), seed), { shape, device: 'webgpu' })
const integers = (count: number, rows: number, seed: number) => eq.array(Int32Array.from(randomNumbers(count, seed, 0, rows), Math.floor), { device: 'webgpu' })
const calls = (expected: Partial<CallCounts>) => ({ ...noCalls(), ...expected })

/** Elements and the calls of the device since the last time. */
async function taken(results: readonly eq.NDArray[]): Promise<{ readonly numbers: readonly (readonly number[])[]; readonly counts: CallCounts }> {
  const numbers = await Promise.all(results.map(async (x) => [...(await x.data())]))
  for (const x of results) x.dispose()
  return { numbers, counts: remote.takeCounts() }
}

describe('a program where the host does not see the memory', () => {
  expectNoLeaks()

  beforeAll(async () => {
    use(remote)
    await eq.device('webgpu')
  })

  test('is one write, one replay, one copy and one read, with the results of eager execution', async () => {
    if (!messages) throw new Error('no such function')
    const { f } = messages
    using program = eq.compile(f)
    for (const [round, n] of [4, 4, 6, 4, 6].entries()) {
      const inputs = [on([n, 3], 18 + round), on([n, 16], 19), on([3, 8], 20), integers(3 * n, n, 21 + round), integers(3 * n, n, 22)]
      remote.takeCounts()
      const { numbers, counts } = await taken(eq.withDevice('webgpu', () => program(...inputs)))
      // Two sets of shapes have a recording each, and use the same memory in turn; the second is larger, which moves what both use.
      const isNew = round === 0 || round === 2 || round === 3
      const { writtenBytes, ...rest } = counts
      if (isNew) expect(rest).toMatchObject({ recordings: 1, replays: 1, copies: 1, reads: 1 })
      else expect(counts).toEqual(calls({ writes: 1, writtenBytes, replays: 1, copies: 1, reads: 1 }))
      const eager = await taken(eq.withDevice('webgpu', () => eq.scope(() => f(...inputs))))
      for (const [k, own] of numbers.entries()) expectClose(own, eager.numbers[k] ?? [], 1e-12)
      for (const x of inputs) x.dispose()
    }
  })

  test('looks at indices where it is told to, and costs nothing more where it is not', async () => {
    const f = (x: eq.NDArray, i: eq.NDArray) => [eq.take(x, i)]
    const [x, far] = [on([5, 2], 3), eq.array([0, 5], { dtype: 'int32', device: 'webgpu' })]
    using unchecked = eq.withIndexChecks(false, () => eq.compile(f))
    using checked = eq.withIndexChecks(false, () => eq.compile(f, { checkIndices: true }))
    using byDefault = eq.compile(f)
    for (const program of [checked, byDefault]) {
      remote.takeCounts()
      expect(() => program(x, far)).toThrow(InputError)
      expect(() => program(x, far)).toThrow('take: index 5 at position 1 is out of range for 5 rows')
      expect(remote.takeCounts()).toMatchObject({ launches: 0, replays: 0 })
    }
    // The interpreter notices what other devices do not look at.
    expect(() => unchecked(x, far)).toThrow(/kernel 'take': element 1 of buffer 'indices' is 5/)
    const near = integers(2, 5, 1)
    const counts = []
    for (const program of [unchecked, checked]) {
      await taken(program(x, near))
      counts.push((await taken(program(x, near))).counts)
    }
    expect(counts[1]).toEqual(counts[0])
    for (const own of [x, far, near]) own.dispose()
  })

  test('writes what changed', async () => {
    using program = eq.compile((x: eq.NDArray, i: eq.NDArray, w: eq.NDArray) => [eq.segmentSum(eq.mul(eq.take(x, i), w), i, 5), eq.sum(w)])
    const [i, w] = [integers(7, 5, 1), on([7, 2], 2)]
    let x = on([5, 2], 3)
    await taken(program(x, i, w))
    expect((await taken(program(x, i, w))).counts).toEqual(calls({ replays: 1, copies: 1, reads: 1 }))
    x.dispose()
    x = on([5, 2], 4)
    const { counts, numbers } = await taken(program(x, i, w))
    expect(counts).toEqual(calls({ writes: 1, writtenBytes: 80, replays: 1, copies: 1, reads: 1 }))
    const eager = await taken(eq.scope(() => [eq.segmentSum(eq.mul(eq.take(x, i), w), i, 5), eq.sum(w)]))
    for (const [k, own] of numbers.entries()) expectClose(own, eager.numbers[k] ?? [], 1e-12)
    for (const array of [x, i, w]) array.dispose()
  })

  test('hands a state from step to step with two copies, however many arrays it has', async () => {
    // Lengths in no order, some of them of another size class than their neighbours.
    const sizes = [3, 1500, 5, 1, 2000, 7, 300, 4]
    const step = (state: readonly eq.NDArray[], x: eq.NDArray) => ({
      loss: eq.sum(x),
      state: state.map((own, k) => eq.add(eq.mul(own, 0.5), eq.sum(eq.mul(x, k)))),
    })
    using program = eq.compile(step)
    const expected = sizes.map((size, k) => [...randomNumbers(size, k)])
    let state = sizes.map((size, k) => on([size], k))
    for (let round = 0; round < 4; round++) {
      const numbers = randomNumbers(6, 100 + round)
      const x = eq.array(numbers, { device: 'webgpu' })
      const total = numbers.reduce((a, b) => a + b, 0)
      remote.takeCounts()
      const after = program(state, x)
      const { writtenBytes, ...counts } = remote.takeCounts()
      if (round > 0) expect({ ...counts, writtenBytes }).toEqual(calls({ writes: 1, writtenBytes: 48, replays: 1, copies: 4 }))
      for (const array of [...state, x]) array.dispose()
      state = after.state
      for (const [k, own] of expected.entries()) expected[k] = own.map((value) => value * 0.5 + k * total)
      expectClose([await after.loss.item()], [total], 1e-12)
      after.loss.dispose()
    }
    const { numbers } = await taken(state)
    for (const [k, own] of numbers.entries()) expectClose(own, expected[k] ?? [], 1e-12)
  })

  test('uses large inputs where they are, wherever that is', async () => {
    const length = 2 ** 22 + 8
    const f = (x: eq.NDArray, i: eq.NDArray) => eq.mul(eq.take(x, i), 2)
    using program = eq.compile(f)
    for (const seed of [1, 2]) {
      const data = new Float32Array(length)
      for (const [k, value] of randomNumbers(8, seed).entries()) data[length - 8 + k] = value
      const [x, i] = [eq.array(data, { device: 'webgpu' }), eq.array([length - 1, length - 8, 0], { dtype: 'int32', device: 'webgpu' })]
      const { numbers, counts } = await taken([program(x, i)])
      expect(numbers).toEqual([[2 * (data[length - 1] ?? 0), 2 * (data[length - 8] ?? 0), 0]])
      expect(counts).toMatchObject({ launches: 1, replays: 1, reads: 1 })
      for (const array of [x, i]) array.dispose()
    }
    expect(program.statistics().arenaBytes).toBeLessThan(1e4)
  })

  test('is right after a call that was refused', async () => {
    using program = eq.compile((x: eq.NDArray, i: eq.NDArray) => [eq.take(x, i), eq.sum(x)])
    const [x, y, i] = [on([4], 1), on([4], 2), integers(3, 4, 1)]
    const wrong = eq.array([0, 4, 1], { dtype: 'int32', device: 'webgpu' })
    await taken(program(x, i))
    expect(() => program(y, wrong)).toThrow(InputError)
    const values = [...(await y.data())]
    const { numbers } = await taken(program(y, i))
    expect(numbers).toEqual([[...(await i.data())].map((row) => values[row]), [expect.closeTo(values.reduce((a, b) => a + b, 0), 12)]])
    for (const array of [x, y, i, wrong]) array.dispose()
  })

  test('gives results that outlive it, and gives their memory back with the last of them', async () => {
    const x = on([6], 1)
    const before = remote.device.statistics().allocatedBytes
    const program = eq.compile((y: eq.NDArray) => [eq.mul(y, 2), eq.mul(y, 3), eq.mul(y, 2)])
    const [double, triple, again] = program(x)
    program.dispose()
    const [a, b] = [await double?.data(), await x.data()]
    expect(a).toEqual(b.map((value) => 2 * value))
    double?.dispose()
    again?.dispose()
    expect(await triple?.data()).toEqual(b.map((value) => 3 * value))
    expect(remote.device.statistics().allocatedBytes).toBeGreaterThan(before)
    triple?.dispose()
    expect(remote.device.statistics().allocatedBytes).toBe(before)
    x.dispose()
  })
})
