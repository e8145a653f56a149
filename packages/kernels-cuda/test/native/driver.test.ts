import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { InputError } from '@equivar/core'
import type { DeviceHandle, Driver, FunctionHandle, StreamHandle } from '../../src/native/driver.ts'
import { DriverError } from '../../src/native/driver-error.ts'
import { build, nothing, type Stub, stubbed } from './built.ts'
import { incrementParameters, text, useEverything } from './everything.ts'

let driver: Driver
let stub: Stub
let device: DeviceHandle
let stream: StreamHandle
beforeAll(() => {
  ({ driver, stub } = stubbed(build()))
}, 300_000)
beforeEach(async () => {
  device = await driver.open(0)
  stream = driver.createStream(device)
  stub.takeLog()
})
afterEach(async () => {
  stub.go()
  stub.setTotalBytes(2 ** 30)
  driver.close(device)
  await untilNothingLives()
  expect(stub.takeViolations()).toEqual([])
})

/** What waits for work goes in another thread. */
async function untilNothingLives(): Promise<void> {
  await expect.poll(() => stub.live()).toEqual(nothing)
}

const megabyte = 2 ** 20
const numbers = async (address: number, count: number) => [...new Uint32Array(await driver.read(stream, address, 4 * count))]
const loadIncrement = (): FunctionHandle => driver.getFunction(driver.loadModule(device, new TextEncoder().encode(text)), 'increment')

it('has every function, each of which does its work', async () => {
  await useEverything(driver)
})

describe('devices', () => {
  it('are described', () => {
    const properties = driver.properties(0)
    expect(properties).toMatchObject({
      name: 'Stub 0', uuid: 'GPU-00010203-0405-0607-0809-0a0b0c0d0e0f', busId: '0000:01:00.0', major: 9, minor: 0,
      totalBytes: 2 ** 30, numMultiprocessors: 132, warpSize: 32, sharedBytesPerBlock: 49_152,
      maxSharedBytesPerBlock: 232_448, sharedBytesPerMultiprocessor: 233_472, maxGrid: [2 ** 31 - 1, 65_535, 65_535],
    })
    expect(Object.keys(properties)).toHaveLength(21)
  })

  it('may be closed twice, with all that is in them', () => {
    driver.allocate(stream, 100)
    driver.write(stream, driver.allocate(stream, 3), Uint8Array.of(1, 2, 3))
    driver.beginCapture(stream)
    driver.createEvent(device, true)
    loadIncrement()
    driver.close(device)
    driver.close(device)
    expect(stub.live()).toEqual(nothing)
    expect(() => driver.createStream(device)).toThrow(/no device that is alive/)
  })

  it('that are closed with work under way go when it is done, and promises are kept', async () => {
    const address = driver.allocate(stream, 8)
    driver.write(stream, address, Uint32Array.of(3, 4))
    stub.hold()
    const [reading, synchronizing] = [driver.read(stream, address, 8), driver.synchronize(stream)]
    driver.close(device)
    expect(stub.live()).toMatchObject({ contexts: 1, memory: 1, streams: 1 })
    stub.go()
    expect([...new Uint32Array(await reading)]).toEqual([3, 4])
    await synchronizing
  })

  it('reach each other', async () => {
    const peer = await driver.open(1)
    expect([driver.canAccessPeer(device, peer), driver.canAccessPeer(device, device)]).toEqual([true, false])
    driver.enablePeerAccess(device, peer)
    driver.enablePeerAccess(device, peer)
    expect(() => driver.enablePeerAccess(device, device)).toThrow(DriverError)
    driver.close(peer)
  })
})

describe('memory', () => {
  it('comes in multiples of 512 bytes, also where none is asked for', () => {
    const addresses = [1, 0, 511, 512, 513].map((bytes) => driver.allocate(stream, bytes))
    expect(addresses.map((address) => address % 512)).toEqual([0, 0, 0, 0, 0])
    expect(addresses.map((address, k) => address - (addresses[k - 1] ?? address))).toEqual([0, 512, 512, 512, 512])
    expect(driver.statistics(device)).toMatchObject({ allocatedBytes: 1537, liveAllocations: 5, reservedBytes: 2 * megabyte })
  })

  it('is used again at once, joined with free neighbours', () => {
    const [a, b, c] = [driver.allocate(stream, 1000), driver.allocate(stream, 1000), driver.allocate(stream, 1000)]
    driver.release(a)
    driver.release(c)
    driver.release(b)
    expect(driver.allocate(stream, 3000)).toBe(a)
    expect(driver.statistics(device)).toMatchObject({ allocatedBytes: 3000, peakBytes: 3000, reservedBytes: 2 * megabyte })
  })

  it('of large requests is apart from that of small ones, and cut where much is left', () => {
    const small = driver.allocate(stream, 100)
    const large = driver.allocate(stream, 3 * megabyte)
    expect(driver.allocate(stream, 3 * megabyte)).toBe(large + 3 * megabyte)
    expect(driver.statistics(device).reservedBytes).toBe(22 * megabyte)
    driver.release(small)
    driver.allocate(stream, 50 * megabyte + 1)
    expect(driver.statistics(device).reservedBytes).toBe(74 * megabyte)
  })

  it('keeps what was written through any sequence of allocations', async () => {
    const live = new Map<number, number>()
    let state = 7
    for (let step = 0; step < 400; step++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      if (live.size < 20 || state % 2 === 0) {
        const count = 1 + ((state >>> 8) % (state % 7 === 0 ? 600_000 : 2000))
        const address = driver.allocate(stream, 4 * count)
        driver.fill(stream, address, 4 * count, address % 2 ** 32, 4)
        live.set(address, count)
      } else {
        const address = [...live.keys()][(state >>> 8) % live.size] ?? 0
        driver.release(address)
        live.delete(address)
      }
    }
    for (const [address, count] of live) {
      const values = new Set(await numbers(address, count))
      expect([...values]).toEqual([address % 2 ** 32])
    }
    const allocatedBytes = [...live.values()].reduce((sum, count) => sum + 4 * count, 0)
    expect(driver.statistics(device)).toMatchObject({ liveAllocations: live.size, allocatedBytes })
  })

  it('goes back to the driver by trim, what is in use apart', async () => {
    const [kept, gone] = [driver.allocate(stream, 100), driver.allocate(stream, 40 * megabyte)]
    driver.release(gone)
    expect(driver.trim(device)).toBe(40 * megabyte)
    expect(driver.trim(device)).toBe(0)
    expect(driver.statistics(device)).toMatchObject({ reservedBytes: 2 * megabyte, peakBytes: 40 * megabyte + 100 })
    driver.resetPeak(device)
    expect(driver.statistics(device).peakBytes).toBe(100)
    await expect.poll(() => driver.statistics(device).freeBytes).toBe(2 ** 30 - 2 * megabyte)
    driver.release(kept)
  })

  it('that does not fit is tried again without the cache, then refused with the sizes', () => {
    const [a, b] = [driver.allocate(stream, 500 * megabyte), driver.allocate(stream, 400 * megabyte)]
    driver.release(b)
    expect(driver.allocate(stream, 450 * megabyte)).toBeGreaterThan(0)
    const refused = () => driver.allocate(stream, 2 ** 40)
    expect(refused).toThrow(DriverError)
    expect(refused).toThrow(/^cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY \(2\): .*1\.1 TB are asked for on device 0, which has 1\.1 GB/)
    expect(refused).toThrow(/996\.1 MB in use and 996\.1 MB reserved; use smaller batches/)
    driver.release(a)
    expect(driver.allocate(stream, 500 * megabyte)).toBe(a)
  })

  it('that another stream uses is handed out when that is done', async () => {
    const other = driver.createStream(device)
    const address = driver.allocate(stream, 1000)
    driver.usedBy(address, other)
    driver.usedBy(address, stream)
    stub.hold()
    driver.fill(other, address, 1000, 1, 1)
    driver.release(address)
    expect(driver.allocate(stream, 1000)).not.toBe(address)
    stub.go()
    await driver.synchronize(other)
    expect(driver.allocate(stream, 1000)).toBe(address)
  })

  it('goes with its stream, which has to be free of it', () => {
    const other = driver.createStream(device)
    const address = driver.allocate(other, 100)
    expect(() => driver.destroyStream(other)).toThrow(/1 allocations of the stream are alive: release them first/)
    driver.usedBy(address, stream)
    expect(() => driver.destroyStream(stream)).toThrow(/the stream uses memory/)
    driver.release(address)
    driver.destroyStream(other)
    expect(driver.statistics(device).reservedBytes).toBe(0)
    expect(() => driver.allocate(other, 1)).toThrow(/no stream that is alive in this thread: it was destroyed/)
  })
})

describe('transfers', () => {
  it('take the bytes at once: the host may change them while the device is busy', async () => {
    const address = driver.allocate(stream, 40 * megabyte)
    stub.hold()
    const [small, large] = [new Uint32Array(8).fill(1), new Uint32Array(9 * megabyte).fill(2)]
    for (let k = 0; k < 20; k++) driver.write(stream, address + 32 * k, small.fill(k))
    driver.write(stream, address + megabyte, large)
    small.fill(99)
    large.fill(99)
    stub.go()
    expect(await numbers(address, 160)).toEqual(Array.from({ length: 160 }, (_, k) => Math.floor(k / 8)))
    const read = new Uint32Array(await driver.read(stream, address + megabyte, 36 * megabyte))
    expect(read.every((value) => value === 2)).toBe(true)
  })

  it('use pinned memory again when the device is done with it', async () => {
    const address = driver.allocate(stream, 20 * megabyte)
    const data = new Uint8Array(20 * megabyte)
    for (let k = 0; k < 4; k++) {
      driver.write(stream, address, data)
      await driver.read(stream, address, data.length)
    }
    const { pinnedBytes } = driver.statistics(device)
    expect(pinnedBytes).toBeLessThanOrEqual(100 * megabyte)
    for (let k = 0; k < 10_000; k++) driver.write(stream, address, data.subarray(0, 100))
    expect(driver.statistics(device).pinnedBytes).toBeLessThanOrEqual(pinnedBytes + megabyte)
    driver.trim(device)
    expect(driver.statistics(device).pinnedBytes).toBeLessThanOrEqual(2 * megabyte)
  })

  it('take views of all kinds, with their offsets', async () => {
    const address = driver.allocate(stream, 64)
    driver.fill(stream, address, 64, 0, 1)
    const bytes = Uint8Array.from({ length: 32 }, (_, k) => k + 1)
    driver.write(stream, address, new DataView(bytes.buffer, 3, 2))
    driver.write(stream, address + 8, new Float64Array(bytes.buffer, 8, 1))
    driver.write(stream, address + 16, new Uint16Array(bytes.buffer, 2, 3))
    driver.write(stream, address + 24, new BigInt64Array(bytes.buffer, 16, 1))
    driver.write(stream, address + 40, new Uint8Array(0))
    const read = [...new Uint8Array(await driver.read(stream, address, 40))]
    expect(read.slice(0, 16)).toEqual([4, 5, 0, 0, 0, 0, 0, 0, 9, 10, 11, 12, 13, 14, 15, 16])
    expect(read.slice(16)).toEqual([3, 4, 5, 6, 7, 8, 0, 0, 17, 18, 19, 20, 21, 22, 23, 24, 0, 0, 0, 0, 0, 0, 0, 0])
    expect((await driver.read(stream, address, 0)).byteLength).toBe(0)
  })

  it('keep their order with everything else in the stream, and block nothing', async () => {
    const f = loadIncrement()
    const address = driver.allocate(stream, 4)
    stub.hold()
    const reads: Promise<readonly number[]>[] = []
    driver.write(stream, address, Uint32Array.of(10))
    for (let k = 0; k < 3; k++) {
      reads.push(numbers(address, 1))
      driver.launch(stream, f, 1, 1, 1, 1, 0, incrementParameters(address, 1), 0, 12)
    }
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await expect.poll(() => ticks).toBeGreaterThan(5)
    stub.go()
    expect(await Promise.all(reads)).toEqual([[10], [11], [12]])
    clearInterval(timer)
    expect(stub.waits()).toBe(0)
  })

  it('stay inside of their allocations', () => {
    const address = driver.allocate(stream, 100)
    expect(() => driver.write(stream, address + 50, new Uint8Array(51))).toThrow(/51 bytes from there leave the allocation of 100 bytes, of which 50 are left/)
    expect(() => driver.read(stream, address, 101)).toThrow(InputError)
    expect(() => driver.read(stream, address + 600, 1)).toThrow(/is in no memory that is alive/)
    expect(() => driver.fill(stream, address, 6, 1, 4)).toThrow(/multiples of it/)
    expect(() => driver.fill(stream, address, 3, 256, 1)).toThrow(/value must be an integer in 0 … 255, got 256/)
    driver.release(address)
    expect(() => driver.release(address)).toThrow(/no allocation that is alive/)
    expect(() => driver.copy(stream, address, address, 1)).toThrow(InputError)
  })
})
