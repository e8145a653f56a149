import { use } from '@equivar/core'
import { defaultDevice, setDefaultDevice } from '@equivar/functional'
import { cpu } from '@equivar/kernels-cpu'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

// The program asks for a device by itself; here it finds kernels for the processor, and nothing else.
const before = defaultDevice()
beforeAll(() => use(cpu))
afterAll(() => {
  setDefaultDevice(before)
  vi.restoreAllMocks()
})

test('the program runs as it stands', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('./main.ts')
  const lines = log.mock.calls.map((line) => line.map(String).join(' '))
  expect(lines.slice(0, -2)).toEqual([
    'param linZ_skip_tp 3,1024 float32',
    'param linear_up 512 float32',
    'param linear_down 5120 float32',
    'param symmetric_contraction 3,86,32 float32',
    'param linear_post_sc 2048 float32',
    'param linear_readout 32 float32',
  ])
  expect(lines.at(-2)).toMatch(/^\{0e \(irrep,mul\)\} float32\[12, 1\] \[\[12\.708/)
  const values: unknown = log.mock.calls.at(-1)?.[0]
  expect(values).toBeInstanceOf(Float32Array)
  expect(values).toHaveLength(12)
})
