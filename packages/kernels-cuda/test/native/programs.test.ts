import { InputError } from '@equivar/core'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DeviceHandle, Driver, ModuleHandle, StreamHandle } from '../../src/native/driver.ts'
import { DriverError } from '../../src/native/driver-error.ts'
import { build, nothing, type Stub, stubbed } from './built.ts'
import { incrementParameters, text } from './everything.ts'

let driver: Driver
let stub: Stub
let device: DeviceHandle
let stream: StreamHandle
let module: ModuleHandle
beforeAll(() => {
  ({ driver, stub } = stubbed(build()))
}, 300_000)
beforeEach(async () => {
  device = await driver.open(0)
  stream = driver.createStream(device)
  module = driver.loadModule(device, new TextEncoder().encode(text))
  stub.takeLog()
})
afterEach(async () => {
  stub.go()
  driver.close(device)
  await expect.poll(() => stub.live()).toEqual(nothing)
  expect(stub.takeViolations()).toEqual([])
})

describe('modules', () => {
  it('are compiled with a log, and loaded from what that gives', async () => {
    const compiled = driver.compile(device, text)
    expect(compiled.log).toMatch(/Used 8 registers, 0 bytes spill/)
    const all = await Promise.all(Array.from({ length: 8 }, () => driver.compileAsync(device, text)))
    expect(all).toEqual(Array.from({ length: 8 }, () => compiled))
    expect(driver.functionAttributes(driver.getFunction(driver.loadModule(device, compiled.image), 'increment'))).toEqual({
      registers: 8, localBytes: 16, sharedBytes: 256, constantBytes: 64, maxThreadsPerBlock: 1024, ptxVersion: 80, binaryVersion: 90,
    })
  })

  it('are compiled in threads, in the first form that keeps values in registers', () => {
    const fitting = `// fits\n${text}`
    const begun = Array.from({ length: 20 }, (_, k) => driver.beginCompile(device, k % 2 === 0 ? [text, fitting, text] : [text, text], 'increment'))
    const found = begun.map((compilation) => driver.endCompile(compilation))
    expect(found.map(({ index }) => index)).toEqual(begun.map(() => 1))
    expect(found.map(({ image }) => new TextDecoder().decode(image).includes('fits'))).toEqual(begun.map((_, k) => k % 2 === 0))
    expect(found[0]?.log).toContain('registers')
    const [first = 0] = begun
    expect(() => driver.endCompile(first)).toThrow(/endCompile: compilation \d+ is no compilation that is alive/)
    expect(() => driver.endCompile(driver.beginCompile(device, [text, 'mistake'], 'increment'))).toThrow(/ptxas kernels\.ptx, line 1; error: a mistake/)
    expect(() => driver.endCompile(driver.beginCompile(device, [text, text], 'absent'))).toThrow(/cuModuleGetFunction: .*the function is 'absent'/)
    expect(() => driver.beginCompile(device, [], 'increment')).toThrow(InputError)
  })

  it('that are still compiled when their device is closed keep nothing', async () => {
    const own = await driver.open(0)
    for (let k = 0; k < 8; k++) driver.beginCompile(own, [text, text], 'increment')
    driver.close(own)
    expect(stub.takeViolations()).toEqual([])
  })

  it('that do not compile say why', async () => {
    const message = /cuLinkAddData: CUDA_ERROR_INVALID_PTX \(218\): .*ptxas kernels\.ptx, line 1; error: a mistake; the text does not compile/
    expect(() => driver.compile(device, 'mistake')).toThrow(message)
    await expect(driver.compileAsync(device, 'mistake')).rejects.toThrow(message)
    await expect(driver.compileAsync(device, 'mistake')).rejects.toBeInstanceOf(DriverError)
  })

  it('of damaged code never come to the driver', () => {
    const { image } = driver.compile(device, text)
    /** The image with other numbers in its header: offset, bytes, number, offset, … */
    const header = (...changes: readonly number[]) => {
      const changed = image.slice()
      const view = new DataView(changed.buffer)
      for (let k = 0; k < changes.length; k += 3) {
        const [offset = 0, bytes = 1, value = 0] = changes.slice(k)
        if (bytes === 2) view.setUint16(offset, value, true)
        else view.setUint8(offset, value)
      }
      return changed
    }
    const damaged = [
      new Uint8Array(0), image.subarray(0, 63), Uint8Array.of(1, 0, 2),
      header(60, 2, 1),
      header(58, 2, 64, 60, 2, 60_000),
      header(39, 1, 128, 54, 2, 56, 56, 2, 1),
    ]
    const { cuModuleLoadDataEx: before } = stub.calls()
    for (const image of damaged) expect(() => driver.loadModule(device, image)).toThrow(/neither text nor whole compiled code/)
    expect(stub.calls()['cuModuleLoadDataEx']).toBe(before)
  })

  it('go with their functions, when no work uses them', async () => {
    const f = driver.getFunction(module, 'increment')
    expect(() => driver.getFunction(module, 'decrement')).toThrow(/CUDA_ERROR_NOT_FOUND.*the function is 'decrement'/)
    stub.hold()
    driver.launch(stream, f, 1, 1, 1, 1, 0, new ArrayBuffer(0), 0, 0)
    driver.unloadModule(module)
    expect(stub.live()).toMatchObject({ modules: 1 })
    expect(() => driver.launch(stream, f, 1, 1, 1, 1, 0, new ArrayBuffer(0), 0, 0)).toThrow(/no function that is alive/)
    stub.go()
    await expect.poll(() => stub.live()['modules']).toBe(0)
  })
})

describe('launches', () => {
  it('pass grid, threads, shared memory and parameters on', async () => {
    const f = driver.getFunction(module, 'increment')
    const parameters = Uint8Array.from({ length: 16 }, (_, k) => k).buffer
    driver.launch(stream, f, 3, 2, 1, 96, 1024, parameters, 4, 8)
    driver.launch(stream, f, 2 ** 31 - 1, 1, 1, 1024, 0, parameters, 16, 0)
    expect(() => driver.launch(stream, f, 1, 1, 1, 1, 200_000, parameters, 0, 0)).toThrow(/cuLaunchKernel: CUDA_ERROR_INVALID_VALUE/)
    driver.allowSharedBytes(f, 200_000)
    driver.launch(stream, f, 1, 1, 1, 1, 200_000, parameters, 0, 0)
    await driver.synchronize(stream)
    expect(stub.takeLog()).toEqual(['increment 3x2x1 96 1024 0405060708090a0b', 'increment 2147483647x1x1 1024 0 ', 'increment 1x1x1 1 200000 '])
  })

  it('read their parameters before they return', async () => {
    const f = driver.getFunction(module, 'increment')
    const address = driver.allocate(stream, 8)
    driver.fill(stream, address, 8, 0, 4)
    stub.hold()
    const parameters = incrementParameters(address, 2)
    driver.launch(stream, f, 1, 1, 1, 1, 0, parameters, 0, 12)
    new Uint8Array(parameters).fill(255)
    stub.go()
    expect([...new Uint32Array(await driver.read(stream, address, 8))]).toEqual([1, 1])
  })

  it.each([
    ['no grid', [0, 1, 1, 1, 0, 0, 0], /gridX must be an integer in 1 … 2147483647, got 0/],
    ['half a thread', [1, 1, 1, 0.5, 0, 0, 0], /threads must be an integer in 1 … 1024, got 0\.5/],
    ['too many threads', [1, 1, 1, 1025, 0, 0, 0], /threads/],
    ['parameters behind the end', [1, 1, 1, 1, 0, 13, 8], /byteLength must be an integer in 0 … 3, got 8/],
    ['not a number', [1, NaN, 1, 1, 0, 0, 0], /gridY.*got NaN/],
  ] as const)('refuse %s', (_what, [x, y, z, threads, shared, offset, length], message) => {
    const f = driver.getFunction(module, 'increment')
    expect(() => driver.launch(stream, f, x, y, z, threads, shared, new ArrayBuffer(16), offset, length)).toThrow(message)
  })
})

describe('events', () => {
  it('order streams, and measure', async () => {
    const other = driver.createStream(device)
    const [start, end] = [driver.createEvent(device, true), driver.createEvent(device, true)]
    stub.hold()
    driver.recordEvent(stream, start)
    driver.waitEvent(other, start)
    driver.recordEvent(other, end)
    expect([driver.isDone(start), driver.isDone(end)]).toEqual([false, false])
    expect(() => driver.elapsed(start, end)).toThrow(/not both done: await synchronize first/)
    stub.go()
    await driver.synchronize(other)
    expect([driver.isDone(start), driver.isDone(end)]).toEqual([true, true])
    expect(driver.elapsed(start, end)).toBeGreaterThan(0)
    expect(() => driver.elapsed(start, driver.createEvent(device, false))).toThrow(/end has no time: create it with isTimed/)
  })
})

describe('graphs', () => {
  it('record, replay and take another recording of the same structure', async () => {
    const f = driver.getFunction(module, 'increment')
    const [a, b] = [driver.allocate(stream, 4), driver.allocate(stream, 4)]
    const record = (address: number, times: number) => {
      driver.beginCapture(stream)
      driver.fill(stream, address, 4, 7, 4)
      for (let k = 0; k < times; k++) driver.launch(stream, f, 1, 1, 1, 1, 0, incrementParameters(address, 1), 0, 12)
      return driver.endCapture(stream)
    }
    const [first, moved, longer] = [record(a, 2), record(b, 2), record(a, 3)]
    expect([first, moved, longer].map((graph) => driver.numNodes(graph))).toEqual([3, 3, 4])
    const executable = driver.instantiate(first)
    driver.destroyGraph(first)
    for (let k = 0; k < 3; k++) driver.launchGraph(stream, executable)
    expect([...new Uint32Array(await driver.read(stream, a, 4))]).toEqual([9])
    expect([driver.updateGraph(executable, longer), driver.updateGraph(executable, moved)]).toEqual([false, true])
    driver.launchGraph(stream, executable)
    driver.destroyExecutableGraph(executable)
    expect([...new Uint32Array(await driver.read(stream, b, 4))]).toEqual([9])
    expect(() => driver.launchGraph(stream, executable)).toThrow(/no executable graph that is alive/)
  })

  it('have no place for the host: what would read or write it is refused', () => {
    const address = driver.allocate(stream, 8)
    expect(() => driver.endCapture(stream)).toThrow(/no capture is under way/)
    driver.beginCapture(stream)
    const refusal = /a capture is under way/
    expect(() => driver.beginCapture(stream)).toThrow(refusal)
    expect(() => driver.write(stream, address, new Uint8Array(8))).toThrow(refusal)
    expect(() => driver.read(stream, address, 8)).toThrow(refusal)
    expect(() => driver.synchronize(stream)).toThrow(refusal)
    expect(() => driver.destroyStream(stream)).toThrow(/alive/)
    expect(() => driver.unloadModule(module)).toThrow(refusal)
    driver.release(driver.allocate(stream, 100_000_000))
    expect(driver.numNodes(driver.endCapture(stream))).toBe(0)
  })
})

it('handles are of one kind, one device and one life', async () => {
  const peer = await driver.open(1)
  const [event, f] = [driver.createEvent(peer, true), driver.getFunction(module, 'increment')]
  const [far, address] = [driver.createStream(peer), driver.allocate(stream, 8)]
  expect(() => driver.recordEvent(stream, event)).toThrow(/event is of device 1, opened for itself, and not of device 0/)
  expect(() => driver.launch(far, f, 1, 1, 1, 1, 0, new ArrayBuffer(0), 0, 0)).toThrow(/function is of device 0/)
  expect(() => driver.write(far, address, new Uint8Array(8))).toThrow(/target is of device 0/)
  for (const forged of [0, 1, f + 1, f + 8, f + 2 ** 23, 2 ** 53 - 1, device]) expect(() => driver.functionAttributes(forged)).toThrow(/function/)
  for (const wrong of [undefined, null, '7', {}, -1, 0.5, NaN, 2 ** 53]) expect(() => driver.functionAttributes(wrong as number)).toThrow(/function must be an integer/)
  expect(() => driver.close(f as number)).toThrow(/no handle of the kind device/)
  driver.close(peer)
})
