import { use } from '@equivar/core'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import * as eq from '../../src/index.ts'
import { remoteBackend } from '../support/devices.ts'
import { expectClose, expectNoLeaks } from '../support/numbers.ts'
import { functions } from './functions.ts'

const remote = remoteBackend()
const tried = ['element-wise primitives with broadcasting', 'gathers, scatters and one-hot rows of indices that are computed', 'messages along edges and their gradient']

describe('compiled programs where the host does not see the memory', () => {
  expectNoLeaks()

  beforeAll(async () => {
    use(remote)
    await eq.device('webgpu')
  })

  for (const { name, f, inputs } of functions.filter((own) => tried.includes(own.name)))
    test(`give what plain TypeScript gives: ${name}`, async () => {
      const program = eq.compile(f)
      for (const n of [3, 5]) {
        const expected: (readonly number[])[] = []
        const own = inputs(n)
        const eager = eq.scope(() => f(...own))
        for (const y of eager) expected.push([...(await y.data())])
        const moved = await Promise.all(own.map((x) => x.to('webgpu')))
        eq.setDefaultDevice('webgpu')
        try {
          const results = eq.scope(() => program(...moved))
          for (const [k, y] of results.entries()) expectClose(await y.data(), expected[k] ?? [], 1e-12)
          for (const y of results) y.dispose()
        } finally {
          eq.setDefaultDevice('cpu')
        }
        for (const x of [...moved, ...own, ...eager]) x.dispose()
      }
      program.dispose()
    })

  test('are timed step by step by the clock of the device, and compute the same afterwards', async () => {
    const device = await remote.open()
    const clocked = Object.assign(device, {
      measure: vi.fn((run: () => void) => {
        run()
        return Promise.resolve(10)
      }),
    })
    const program = eq.compile((x: eq.NDArray) => eq.sum(eq.exp(x)))
    const host = eq.array([0, 1, 2], { dtype: 'float32' })
    const x = await host.to('webgpu')
    const [first, explained] = [program(x), program.explain()]
    remote.takeCounts()
    const { steps } = await program.profile()
    expect(steps).toMatchObject(explained.steps)
    expect(steps.map(({ milliseconds }) => milliseconds)).toEqual(explained.steps.map(({ kernels }) => (kernels.length > 0 ? 2 : undefined)))
    expect(clocked.measure).toHaveBeenCalledTimes(steps.filter(({ kernels }) => kernels.length > 0).length)
    const second = program(x)
    expect(await second.data()).toEqual(await first.data())
    expect((await program.profile()).toString()).toMatch(/ms +bytes\/s +flops\/s/)
    expect(explained.toString()).not.toContain('bytes/s')
    Reflect.deleteProperty(device, 'measure')
    expect((await program.profile()).steps).toEqual(explained.steps)
    for (const y of [host, x, first, second]) y.dispose()
    program.dispose()
  })
})

test('where launches run at the same time, buffers of small programs share no memory', async () => {
  const apart = remoteBackend({ concurrentLaunches: true })
  use(apart)
  const chain = (x: eq.NDArray) => [0, 1, 2, 3].reduce((y) => eq.matmul(y, x), x)
  const sizes: number[] = []
  for (const backend of [apart, remote]) {
    use(backend)
    await eq.device('webgpu')
    const host = eq.array(Float32Array.from({ length: 256 }, (_, k) => Math.sin(k) / 40), { shape: [16, 16] })
    const x = await host.to('webgpu')
    const program = eq.compile(chain)
    const y = program(x)
    sizes.push(program.statistics().arenaBytes, program.statistics().intermediateBytes)
    for (const own of [host, x, y]) own.dispose()
    program.dispose()
  }
  const [own = 0, intermediate = 0, shared = 0] = sizes
  expect(own).toBeGreaterThanOrEqual(intermediate)
  expect(shared).toBeLessThan(own)
})
