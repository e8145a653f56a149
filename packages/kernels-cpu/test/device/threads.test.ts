import { DeviceError } from '@equivar/core'
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type CpuDevice, type CpuOptions, createCpu } from '../../src/index.ts'
import { convolutionLaunch, type Prepared, productLaunch, saxpyLaunch, slow, upload } from './launches.ts'

const makers: Readonly<Record<string, (device: CpuDevice) => Prepared>> = {
  convolution: convolutionLaunch,
  product: productLaunch,
  saxpy: (device) => saxpyLaunch(device, 10_003),
}

async function withDevice<T>(options: CpuOptions, run: (device: CpuDevice) => T | Promise<T>): Promise<T> {
  const device = createCpu(options).openSync()
  try {
    return await run(device)
  } finally {
    device.close()
  }
}

/** Result after so many launches, one after another. */
async function resultOf(device: CpuDevice, make: (device: CpuDevice) => Prepared, times = 1): Promise<Uint32Array> {
  const { launch, result } = make(device)
  for (let k = 0; k < times; k++) device.enqueue(launch)
  return new Uint32Array(await device.read(result))
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(condition()).toBe(true)
}

const numTasks = () => readdirSync('/proc/self/task').length

describe('threads', () => {
  it.each(Object.keys(makers))('give the same bits as one: %s', async (name) => {
    const make = makers[name]
    if (!make) throw new Error(name)
    const expected = await withDevice({ threads: 1 }, (device) => resultOf(device, make, 50))
    for (const threads of [2, 3, 5]) {
      const got = await withDevice({ threads }, async (device) => {
        expect(await device.startThreads(10_000)).toBe(threads)
        return resultOf(device, make, 50)
      })
      expect(got).toEqual(expected)
    }
  })

  it('have a memory of their own for the arrays of a program', async () => {
    const make = (device: CpuDevice) => productLaunch(device, 400)
    const expected = await withDevice({ threads: 1 }, (device) => resultOf(device, make, 1))
    await withDevice({ threads: 3 }, async (device) => {
      await device.startThreads(10_000)
      expect(await resultOf(device, make, 3)).toEqual(expected)
    })
  })

  it('are waited for when they have begun', async () => {
    await withDevice({ threads: 3 }, async (device) => {
      await device.startThreads(10_000)
      const y = upload(device, new Int32Array(6))
      const launch = { executable: device.compile(slow()), grid: [6], parameters: [420_000], buffers: [y], work: 1e9 }
      for (let k = 0; k < 40; k++) {
        device.write(y, new Int32Array(6))
        device.enqueue(launch)
        expect([...new Int32Array(await device.read(y))]).toEqual(Array.from({ length: 6 }, () => 1_260_000))
      }
    })
  })

  it('do all of a recording, whose launches depend on one another', async () => {
    const [single, several] = await Promise.all(
      [1, 3].map((threads) =>
        withDevice({ threads }, async (device) => {
          await device.startThreads()
          const prepared = Object.values(makers).flatMap((make) => [make(device), make(device)])
          const small = saxpyLaunch(device, 100)
          const sequence = [...prepared, ...prepared].flatMap(({ launch }) => [launch, { ...small.launch, work: 1 }])
          const recording = device.record(sequence)
          for (let k = 0; k < 30; k++) recording.replay()
          const bytes = await Promise.all([...prepared, small].map(({ result }) => device.read(result)))
          return bytes.map((own) => new Uint32Array(own))
        }),
      ),
    )
    expect(several).toEqual(single)
  })

  it('are not waited for when they start', async () => {
    const expected = await withDevice({ threads: 1 }, (device) => resultOf(device, convolutionLaunch))
    expect(await withDevice({ threads: 4 }, (device) => resultOf(device, convolutionLaunch))).toEqual(expected)
  })

  it('see memory that grew after they started', async () => {
    await withDevice({ threads: 2 }, async (device) => {
      await device.startThreads(10_000)
      await resultOf(device, convolutionLaunch)
      device.allocate(2 ** 26)
      const expected = await withDevice({ threads: 1 }, (single) => resultOf(single, productLaunch, 20))
      expect(await resultOf(device, productLaunch, 20)).toEqual(expected)
    })
  })

  it('use no processor time when idle', async () => {
    await withDevice({ threads: 3 }, async (device) => {
      await device.startThreads(10_000)
      await resultOf(device, convolutionLaunch, 5)
      await new Promise((resolve) => setTimeout(resolve, 50))
      const before = process.cpuUsage()
      await new Promise((resolve) => setTimeout(resolve, 1000))
      const { user, system } = process.cpuUsage(before)
      expect((user + system) / 1000).toBeLessThan(100)
    })
  })

  it.runIf(process.platform === 'linux')('end when the device is closed', async () => {
    await withDevice({ threads: 2 }, (device) => device.startThreads())
    await new Promise((resolve) => setTimeout(resolve, 100))
    const before = numTasks()
    for (let k = 0; k < 5; k++)
      await withDevice({ threads: 4 }, async (device) => {
        expect(await device.startThreads(10_000)).toBe(4)
        await resultOf(device, convolutionLaunch)
      })
    await until(() => numTasks() <= before)
  })
})

describe('a thread that dies', () => {
  const options = (thread: 'dies at once' | 'dies in a chunk' | 'fails in a chunk'): CpuOptions => ({ threads: 2, faults: { thread } })

  it('while idle is missed by nobody, and the description says so', async () => {
    const expected = await withDevice({ threads: 1 }, (device) => resultOf(device, convolutionLaunch, 20))
    await withDevice(options('dies at once'), async (device) => {
      await device.startThreads(1000)
      await until(() => device.description.includes('1 of 2 threads'))
      expect(await resultOf(device, convolutionLaunch, 20)).toEqual(expected)
      expect(device.lost).toBeNull()
    })
  })

  it.each(['dies in a chunk', 'fails in a chunk'] as const)('or fails in the middle of its work: the device is lost, nothing waits forever (%s)', async (thread) => {
    await withDevice(options(thread), async (device) => {
      await device.startThreads(10_000)
      const y = upload(device, new Int32Array(256))
      const launch = { executable: device.compile(slow()), grid: [256], parameters: [20_000], buffers: [y], work: 1e9 }
      let error: unknown
      // It takes part when it has compiled the kernel.
      for (let k = 0; k < 1000 && error === undefined; k++) {
        try {
          device.enqueue(launch)
        } catch (caught) {
          error = caught
        }
      }
      expect(error).toBeInstanceOf(DeviceError)
      expect(String(error)).toMatch(/was lost: kernel 'slow' stopped: (?:thread 1 ended while it ran programs|it stopped on thread 1); open it again/)
      expect(device.lost).toBe(error)
      expect(() => device.allocate(4)).toThrow(device.lost ?? '')
    })
  }, 30_000)
})
