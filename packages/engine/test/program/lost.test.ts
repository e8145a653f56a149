import { DeviceError, interpreterBackend, type InterpreterDevice, use } from '@equivar/core'
import { expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectNoLeaks, randomNumbers } from '../support/numbers.ts'

const interpreters = interpreterBackend()
const opened: InterpreterDevice[] = []
const open = () => {
  const device = interpreters.openSync()
  opened.push(device)
  return Promise.resolve(device)
}
use({ kind: 'webgpu', available: () => Promise.resolve({ isAvailable: true, devices: ['interpreter'] }), open })

expectNoLeaks()

test('a program goes on after its device was lost, on the one that is opened in its place, for every set of shapes', async () => {
  using program = eq.compile((x: eq.NDArray, i: eq.NDArray) => eq.sum(eq.segmentSum(eq.exp(x), i, 3), { axes: 0 }))
  const run = async (rows: number) => {
    using x = eq.array(randomNumbers(rows * 2, rows), { shape: [rows, 2], device: 'webgpu' })
    using i = eq.array(Int32Array.from({ length: rows }, (_, k) => k % 3), { device: 'webgpu' })
    using y = program(x, i)
    return [...(await y.data())]
  }
  await eq.device('webgpu')
  const sizes = [4, 5, 7, 9]
  const before = []
  for (const rows of sizes) before.push(await run(rows))

  using kept = eq.scope(() => eq.neg(eq.array([1, 2], { shape: [1, 2], dtype: 'float64', device: 'webgpu' })))
  using zero = eq.array([0], { dtype: 'int32', device: 'webgpu' })
  opened[0]?.lose('the driver was reset')
  // Neither what was computed there nor the program waits for anything.
  await expect(kept.data()).rejects.toThrow(/was lost: the driver was reset/)
  expect(() => program(kept, zero)).toThrow(DeviceError)

  await eq.device('webgpu')
  expect(opened).toHaveLength(2)
  for (const [k, rows] of sizes.entries()) expect(await run(rows)).toEqual(before[k])
  // What lies on the lost device stays there.
  expect(() => program(kept, zero)).toThrow(DeviceError)
  expect(await run(4)).toEqual(before[0])
  program.dispose()
  expect(opened[1]?.statistics().liveBuffers).toBe(0)
})
