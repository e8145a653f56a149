import { type BackendDevice, type Binding, DeviceError, InputError, type Launch } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import { createWebgpu, doctor, webgpu, type WebgpuDevice } from '@equivar/kernels-wgsl'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useSoftwareGpu } from '../support/software.ts'

let device: WebgpuDevice
let instance: GPU

beforeAll(async () => {
  useSoftwareGpu()
  device = await createWebgpu({ software: true }).open()
}, 300_000)

afterAll(() => {
  device.close()
})

function words(on: BackendDevice, values: readonly number[]): Binding {
  const binding = { memory: on.allocate(4 * values.length), byteOffset: 0, byteLength: 4 * values.length }
  on.write(binding, Int32Array.from(values))
  return binding
}

async function read(on: BackendDevice, binding: Binding): Promise<number[]> {
  return [...new Int32Array(await on.read(binding))]
}

/** `y[i] = Σ_k (k + 1) x_k[i]` from so many buffers. */
function sumOf(count: number): kernels.Kernel {
  const b = new kernels.KernelBuilder(`sum_of_${count}`, { lanes: 1 })
  const inputs = Array.from({ length: count }, (_, k) => b.buffer(`x${k}`, 'i32', 'read', { extent: b.gridExtent(0) }))
  const y = b.buffer('y', 'i32', 'write', { extent: b.gridExtent(0) })
  const i = b.programId()
  y.store(i, inputs.map((x, k) => x.load(i).mul(k + 1)).reduce((total, term) => total.add(term)))
  return b.build()
}

describe('buffers of a launch', () => {
  it('may be more than the device binds: the smallest are put together', async () => {
    const count = device.capabilities.maxBuffers + 7
    const inputs = Array.from({ length: count }, (_, k) => words(device, [k, 2 * k]))
    const y = words(device, [0, 0])
    const launch: Launch = { executable: device.compile(sumOf(count)), grid: [2], parameters: [], buffers: [...inputs, y] }
    const expected = inputs.reduce((sum, _, k) => sum + k * (k + 1), 0)
    device.enqueue(launch)
    expect(await read(device, y)).toEqual([expected, 2 * expected])
    const recording = device.record([launch])
    device.write(inputs[1] as Binding, Int32Array.of(101, 2))
    recording.replay()
    expect(await read(device, y)).toEqual([expected + 200, 2 * expected])
    recording.dispose()
  })

  it('may overlap in memory that the launch writes elsewhere, as long as they are read', async () => {
    const { alignment } = device.capabilities
    const memory = device.allocate(3 * alignment)
    const part = (k: number, byteLength: number): Binding => ({ memory, byteOffset: k * alignment, byteLength })
    device.write(part(0, 8), Int32Array.of(1, 2))
    device.write(part(1, 8), Int32Array.of(10, 20))
    const [whole, second] = [part(0, 2 * alignment), part(1, 8)]
    device.enqueue({ executable: device.compile(sumOf(3)), grid: [2], parameters: [], buffers: [whole, second, whole, part(2, 8)] })
    expect(await read(device, part(2, 8))).toEqual([1 + 20 + 3, 2 + 40 + 6])
    memory.release()
  })

  it('may be parts of memory that is larger than what a kernel sees at once', async () => {
    // With the limits that every device has.
    const { create } = await import('webgpu')
    // Dawn's instance goes when it is collected, with the devices that are in use.
    instance = create([])
    const found = await instance.requestAdapter()
    const page = await found?.requestDevice()
    if (!page) throw new Error('there is no adapter')
    const own = await createWebgpu({ device: page }).open()
    const { maxBindingBytes = 0, maxBufferBytes, alignment } = own.capabilities
    expect(maxBindingBytes).toBe(2 ** 27)
    expect(maxBufferBytes).toBe(2 ** 28)
    const memory = own.allocate(maxBindingBytes + alignment)
    const [first, last] = [0, maxBindingBytes].map((byteOffset): Binding => ({ memory, byteOffset, byteLength: 8 })) as [Binding, Binding]
    own.write(first, Int32Array.of(1, 2))
    own.enqueue({ executable: own.compile(sumOf(1)), grid: [2], parameters: [], buffers: [first, last] })
    expect(await read(own, last)).toEqual([1, 2])
    const whole = { memory, byteOffset: 0, byteLength: memory.byteLength }
    const y = words(own, [0, 0])
    const launch = { executable: own.compile(sumOf(1)), grid: [2], parameters: [], buffers: [whole, y] }
    expect(() => {
      own.enqueue(launch)
    }).toThrow(/kernel 'sum_of_1' has a buffer of 134217984 bytes, but the device shows a kernel at most 134217728/)
    own.close()
    page.destroy()
  })

  it('may belong to more programs than one axis of workgroups has', async () => {
    const numPrograms = 65535 + 2000
    const b = new kernels.KernelBuilder('many', { lanes: 64 })
    b.buffer('y', 'i32', 'write', { extent: b.gridExtent(0) }).store(b.programId(), b.programId().convert('i32'))
    const y = words(device, new Array<number>(numPrograms).fill(-1))
    device.enqueue({ executable: device.compile(b.build()), grid: [numPrograms], parameters: [], buffers: [y] })
    const found = await read(device, y)
    expect(found.findIndex((value, k) => value !== k)).toBe(-1)
  })
})

describe('submissions', () => {
  it('are one for a replay, what is written before it and what is read after it', async () => {
    const [x, y] = [words(device, [1, 2]), words(device, [0, 0])]
    const recording = device.record(Array.from({ length: 20 }, () => ({ executable: device.compile(sumOf(1)), grid: [2], parameters: [], buffers: [x, y] })))
    recording.replay()
    await read(device, y)
    const { submits } = device.statistics()
    device.write(x, Int32Array.of(5, 6))
    recording.replay()
    expect(await Promise.all([read(device, x), read(device, y)])).toEqual([[5, 6], [5, 6]])
    expect(device.statistics().submits - submits).toBe(1)
    recording.dispose()
  })
})

describe('devices of the page', () => {
  it('serve, with buffers of the page', async () => {
    const page = device.gpuDevice
    const own = await createWebgpu({ device: page }).open()
    const buffer = page.createBuffer({ label: 'positions', size: 8, usage: GPUUsage.storage | GPUUsage.copySource | GPUUsage.copyTarget })
    page.queue.writeBuffer(buffer, 0, Int32Array.of(3, 4))
    const memory = own.wrapBuffer(buffer)
    const y = words(own, [0, 0])
    own.enqueue({ executable: own.compile(sumOf(1)), grid: [2], parameters: [], buffers: [{ memory, byteOffset: 0, byteLength: 8 }, y] })
    await own.submit()
    expect(await read(own, y)).toEqual([3, 4])
    expect(own.gpuBuffer(y.memory).size).toBeGreaterThanOrEqual(8)
    expect(() => device.gpuBuffer(y.memory)).toThrow(DeviceError)
    const plain = page.createBuffer({ label: 'plain', size: 8, usage: GPUUsage.storage })
    expect(() => own.wrapBuffer(plain)).toThrow(InputError)
    expect(() => own.wrapBuffer(plain)).toThrow(/'plain' was made without GPUBufferUsage\.COPY_SRC, GPUBufferUsage\.COPY_DST/)
    own.close()
    memory.release()
    expect(device.lost).toBeNull()
    expect(await read(device, words(device, [1]))).toEqual([1])
  })
})

const GPUUsage = { storage: 0x80, copySource: 0x4, copyTarget: 0x8 }

describe('failures', () => {
  it('of WebGPU end the device and every promise, with the reason, and it can be opened again', async () => {
    const backend = createWebgpu({ software: true })
    const broken = await backend.open()
    const buffer = broken.gpuDevice.createBuffer({ size: 16, usage: GPUUsage.storage | GPUUsage.copySource | GPUUsage.copyTarget })
    const memory = broken.wrapBuffer(buffer)
    buffer.destroy()
    await expect(broken.read({ memory, byteOffset: 0, byteLength: 16 })).rejects.toThrow(/WebGPU refuses: .*destroyed/s)
    expect(broken.lost).toBeInstanceOf(DeviceError)
    expect(() => broken.allocate(4)).toThrow(broken.lost ?? 'nothing')
    const again = await backend.open()
    expect(await read(again, words(again, [7]))).toEqual([7])
    again.close()
  })

  it('of memory end the device with how much was asked for, and every promise', async () => {
    const full = await createWebgpu({ software: true }).open()
    const held = words(full, [1, 2])
    const { gpuDevice } = full
    const popErrorScope = gpuDevice.popErrorScope.bind(gpuDevice)
    // What a graphics card without memory says some time after a buffer was made.
    let told: Promise<GPUError | null> = Promise.resolve(null)
    gpuDevice.popErrorScope = () => (told = popErrorScope().then(() => ({ message: 'no memory' })))
    full.allocate(2 ** 26)
    await told
    expect(full.lost?.message).toMatch(/67108864 bytes.*8 bytes in 1 buffers are in use/)
    for (const promise of [full.read(held), full.synchronize()]) await expect(promise).rejects.toThrow(full.lost ?? 'nothing')
    expect(() => full.allocate(4)).toThrow(full.lost ?? 'nothing')
  })

  it('of the driver reject what waits', async () => {
    const lost = await createWebgpu({ software: true }).open()
    const x = words(lost, [1])
    const pending = [lost.read(x), lost.synchronize()]
    lost.gpuDevice.destroy()
    for (const promise of pending) await expect(promise).rejects.toThrow(/was lost/)
    expect(lost.lost?.message).toMatch(/open it again/)
  })

  it('of kernels that the device cannot run name what is missing', () => {
    const b = new kernels.KernelBuilder('double', { lanes: 1 })
    b.buffer('y', 'f64', 'write').store(0, 1)
    expect(() => device.compile(b.build())).toThrow(/computes in f64, but the device has f32 only; use another dtype or device/)
  })
})

describe('adapters that compute on the processor', () => {
  it('are refused unless they are allowed, with what helps', async () => {
    const availability = await webgpu.available()
    expect(availability).toMatchObject({ isAvailable: false, reason: expect.stringMatching(/SwiftShader.*slower than @equivar\/kernels-cpu.*software: true/) as unknown })
    await expect(webgpu.open()).rejects.toThrow(/install the driver of the graphics card/)
    expect(await createWebgpu({ software: true }).available()).toMatchObject({ isAvailable: true })
  })

  it('are what doctor advises against', async () => {
    const { isAvailable, adapter, limits, features, advice } = await doctor()
    expect(isAvailable).toBe(true)
    expect(adapter).toMatch(/SwiftShader.*software/)
    expect(limits['maxStorageBuffersPerShaderStage']).toBeGreaterThanOrEqual(8)
    expect(features).toContain('core-features-and-limits')
    expect(advice.join()).toMatch(/install the driver of the graphics card/)
  })
})

describe('settings', () => {
  it('out of their domain are refused', async () => {
    expect(() => createWebgpu({ maxBytes: 10 })).toThrow(InputError)
    await expect(createWebgpu({ software: true }).open(1)).rejects.toThrow(/WebGPU gives one adapter; open number 0/)
  })
})
