import { type Binding, DeviceError, InputError, type Launch, use } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cpu, CpuDevice, createCpu } from '../../src/index.ts'
import { supportsRelaxedSimd } from '../../src/wasm/index.ts'
import { productLaunch, saxpyLaunch, upload } from './launches.ts'

const mebibyte = 2 ** 20

let device: CpuDevice
beforeEach(() => {
  device = createCpu({ threads: 1, maxBytes: 64 * mebibyte }).openSync()
})
afterEach(() => device.close())

function messageOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(DeviceError)
    return String(error)
  }
  throw new Error('nothing was thrown')
}

describe('the backend', () => {
  it('is a processor that opens at once, as many threads as the machine runs', async () => {
    use(cpu)
    expect(await cpu.available()).toEqual({ isAvailable: true, devices: ['WebAssembly SIMD'] })
    const opened = await cpu.open()
    expect(opened).toBeInstanceOf(CpuDevice)
    expect(opened.name).toBe('cpu')
    expect(opened.capabilities.parallelism).toBeGreaterThan(0)
    opened.close()
  })

  it('says how it runs', () => {
    const multiplyAdd = supportsRelaxedSimd() ? 'with' : 'without'
    expect(device.description).toBe(`WebAssembly SIMD ${multiplyAdd} relaxed multiply-add on 1 thread`)
    const several = createCpu({ threads: 3, relaxedSimd: false }).openSync()
    expect(several.description).toBe('WebAssembly SIMD without relaxed multiply-add on 3 threads')
    several.close()
  })

  it('runs on one thread where threads cannot share memory, and says why', () => {
    const scope = globalThis as { crossOriginIsolated?: boolean }
    scope.crossOriginIsolated = false
    try {
      const single = createCpu({ threads: 4 }).openSync()
      expect(single.capabilities.parallelism).toBe(1)
      expect(single.description).toMatch(/on 1 thread \(the page is not cross-origin isolated; serve it with the headers Cross-Origin-Opener-Policy/)
      single.close()
    } finally {
      delete scope.crossOriginIsolated
    }
  })

  it('refuses settings out of their domain', () => {
    for (const threads of [0, -1, 1.5, 65, Number.NaN]) expect(() => createCpu({ threads })).toThrow(InputError)
    for (const maxBytes of [0, -1, Number.NaN, Infinity]) expect(() => createCpu({ maxBytes })).toThrow(InputError)
    expect(messageOf(() => cpu.openSync(1))).toMatch(/there is one processor; open number 0/)
    if (!supportsRelaxedSimd()) expect(messageOf(() => createCpu({ relaxedSimd: true }).openSync())).toMatch(/this host has none/)
  })
})

describe('memory', () => {
  it('grows on demand and is used again', () => {
    const { reservedBytes } = device.statistics()
    expect(reservedBytes).toBeLessThan(mebibyte)
    const large = device.allocate(20 * mebibyte)
    const grown = device.statistics()
    expect(grown.reservedBytes).toBeGreaterThanOrEqual(20 * mebibyte)
    expect(grown).toMatchObject({ allocatedBytes: 20 * mebibyte, liveBuffers: 1, peakBytes: 20 * mebibyte })
    large.release()
    for (let k = 0; k < 100; k++) {
      const [a, b] = [device.allocate(3 * mebibyte), device.allocate(15 * mebibyte - k)]
      a.release()
      b.release()
    }
    expect(device.statistics()).toMatchObject({ allocatedBytes: 0, liveBuffers: 0, peakBytes: 20 * mebibyte, reservedBytes: grown.reservedBytes })
  })

  it('keeps what it holds while it grows', async () => {
    const data = Float32Array.from({ length: 1000 }, (_, k) => k)
    const binding = upload(device, data)
    device.allocate(30 * mebibyte)
    expect(new Float32Array(await device.read(binding))).toEqual(data)
  })

  it('that is not there is refused with what is asked for, what is in use, and what helps', () => {
    device.allocate(40 * mebibyte)
    const message = messageOf(() => device.allocate(30 * mebibyte))
    expect(message).toContain(`no memory of ${30 * mebibyte} bytes`)
    expect(message).toContain(`${40 * mebibyte} bytes in 1 buffers are in use`)
    expect(message).toMatch(/split the batch, or use another backend/)
    expect(device.statistics()).toMatchObject({ liveBuffers: 1, allocatedBytes: 40 * mebibyte })
    device.allocate(10 * mebibyte)
  })

  it('beyond 32-bit addresses is refused', () => {
    const whole = createCpu({ threads: 1 }).openSync()
    expect(messageOf(() => whole.allocate(5 * 2 ** 30))).toMatch(/memory of 5368709120 bytes is asked for/)
    whole.close()
  })

  it.each([1, 2])('above 2 GiB is like any other, on %i threads', async (threads) => {
    const whole = createCpu({ threads }).openSync()
    await whole.startThreads(10_000)
    const unused = whole.allocate(3 * 2 ** 30 - 2 ** 20)
    const { launch, result } = saxpyLaunch(whole, 10_003)
    whole.enqueue(launch)
    const single = saxpyLaunch(device, 10_003)
    device.enqueue(single.launch)
    expect(new Uint32Array(await whole.read(result))).toEqual(new Uint32Array(await device.read(single.result)))
    unused.release()
    whole.close()
  })

  it('is shown in place', () => {
    const binding = upload(device, Int32Array.of(1, 2, 3, 4, 5, 6))
    const view = device.view({ ...binding, byteOffset: 16, byteLength: 8 })
    expect([...new Int32Array(view.buffer, view.byteOffset, 2)]).toEqual([5, 6])
    view[0] = 7
    expect([...new Int32Array(device.view(binding).slice().buffer)]).toEqual([1, 2, 3, 4, 7, 6])
  })
})

describe('launches', () => {
  function touch(extent: number | null = null): kernels.Kernel {
    const b = new kernels.KernelBuilder('touch', { lanes: 1 })
    const n = b.parameter('n', 'index')
    const y = b.buffer('y', 'i32', 'readWrite', extent === null ? {} : { extent })
    b.loop(0, n.min(1), {}, () => y.store(0, y.load(0).add(1)))
    return b.build()
  }

  const launchOf = (binding: Binding, change: Partial<Launch> = {}): Launch => ({
    executable: device.compile(touch()),
    grid: [1],
    parameters: [1],
    buffers: [binding],
    ...change,
  })

  it('of more programs than 32 bits count are refused, and so are larger indices', () => {
    const binding = upload(device, Int32Array.of(0))
    expect(messageOf(() => device.enqueue(launchOf(binding, { grid: [2 ** 31] })))).toMatch(/a grid of 2147483648 programs is 2147483648, but at most 2147483647/)
    expect(messageOf(() => device.enqueue(launchOf(binding, { parameters: [2 ** 31] })))).toMatch(/parameter 'n' is 2147483648, but at most 2147483647/)
    expect([...device.view(binding)]).toEqual([0, 0, 0, 0])
  })

  it('of kernels of other devices are refused', () => {
    const other = createCpu({ threads: 1 }).openSync()
    const binding = upload(device, Int32Array.of(0))
    expect(messageOf(() => device.enqueue(launchOf(binding, { executable: other.compile(touch()) })))).toMatch(/was not compiled by this device/)
    expect(messageOf(() => device.enqueue(launchOf(upload(other, Int32Array.of(0)))))).toMatch(/memory belongs to another device/)
    other.close()
  })

  it('are checked with the declaration of their own kernel, also where two have the same code', () => {
    const binding = upload(device, Int32Array.of(0))
    device.enqueue(launchOf(binding))
    expect(messageOf(() => device.enqueue(launchOf(binding, { executable: device.compile(touch(2)) })))).toMatch(/buffer 'y' has 1 elements, but this launch needs 2/)
  })

  it('recorded once run again and again without new memory', () => {
    const { launch } = productLaunch(device)
    const recording = device.record(Array.from({ length: 10 }, () => launch))
    const before = device.statistics()
    for (let k = 0; k < 1000; k++) recording.replay()
    expect(device.statistics()).toEqual(before)
    recording.dispose()
  })

  it('and what was recorded and disposed leave no memory behind', () => {
    const { launch } = productLaunch(device)
    const turn = () => device.record(Array.from({ length: 200 }, () => launch)).dispose()
    turn()
    const before = device.statistics()
    for (let k = 0; k < 200; k++) turn()
    expect(device.statistics()).toEqual(before)
  })

  it('of a kernel that leaves all memory stop, and the device is lost', () => {
    const b = new kernels.KernelBuilder('wild', { lanes: 1 })
    b.buffer('y', 'i32', 'readWrite').store(b.parameter('at', 'index'), 1)
    const executable = device.compile(b.build())
    const launch = launchOf(upload(device, Int32Array.of(0)), { executable, parameters: [2 ** 29] })
    expect(messageOf(() => device.enqueue(launch))).toMatch(/was lost: kernel 'wild' stopped: .*; open it again/)
    expect(device.lost).toBeInstanceOf(DeviceError)
  })
})
