import { describe, expect, test } from 'vitest'
import { type BackendDevice, type Binding, interpreter, type InterpreterDevice, interpreterBackend, type Launch } from '../../src/backend/index.ts'
import { DeviceError, InputError, KernelError } from '../../src/errors.ts'
import { KernelBuilder } from '../../src/kernels/index.ts'

function addKernel() {
  const b = new KernelBuilder('add', { lanes: 4 })
  const n = b.parameter('n', 'index')
  const amount = b.parameter('amount', 'f32')
  const extent = b.extentOf(n)
  const x = b.buffer('x', 'f32', 'read', { extent })
  const y = b.buffer('y', 'f32', 'readWrite', { extent })
  const base = b.programId().mul(4)
  const active = n.sub(base)
  y.storeLanes(base, x.loadLanes(base, { active }).add(y.loadLanes(base, { active })).add(amount), { active })
  return b.build()
}

const whole = (device: BackendDevice, byteLength: number): Binding => ({ memory: device.allocate(byteLength), byteOffset: 0, byteLength })
const open = (options = {}): InterpreterDevice => interpreterBackend(options).openSync()

function prepared(device: BackendDevice): { x: Binding; y: Binding; launch: Launch } {
  const [x, y] = [whole(device, 20), whole(device, 20)]
  device.write(x, Float32Array.of(1, 2, 3, 4, 5))
  device.write(y, Float32Array.of(10, 20, 30, 40, 50))
  return { x, y, launch: { executable: device.compile(addKernel()), grid: [2], parameters: [5, 0.1], buffers: [x, y] } }
}

describe('interpreter', () => {
  test('runs what is enqueued, in order, and reads what was there at the call', async () => {
    const device = await interpreter.open()
    const { y, launch } = prepared(device)
    device.enqueue(launch)
    const first = device.read(y)
    device.write(y, new Float32Array(5))
    const recording = device.record([launch, launch])
    recording.replay()
    expect([...new Float32Array(await first)]).toEqual([11, 22, 33, 44, 55].map((value) => Math.fround(value + Math.fround(0.1))))
    expect([...new Float32Array(await device.read(y))].map((value) => Math.round(value * 10))).toEqual([22, 42, 62, 82, 102])
    expect(new Float32Array(device.view(y).slice().buffer)[4]).toBeCloseTo(10.2, 5)
    await device.synchronize()
  })

  test('counts memory; a recording keeps what it uses', async () => {
    const device = open()
    const { x, y, launch } = prepared(device)
    expect(device.statistics()).toEqual({ allocatedBytes: 40, liveBuffers: 2, peakBytes: 40, reservedBytes: 40, compiledKernels: 1 })
    const recording = device.record([launch])
    x.memory.release()
    x.memory.release()
    expect(device.statistics()).toMatchObject({ allocatedBytes: 20, liveBuffers: 1, reservedBytes: 40 })
    recording.replay()
    expect(new Float32Array(await device.read(y))[0]).toBeCloseTo(11.1, 5)
    recording.dispose()
    recording.dispose()
    expect(device.statistics()).toMatchObject({ reservedBytes: 20 })
    expect(() => recording.replay()).toThrow(/disposed/)
    y.memory.release()
    expect(device.statistics()).toMatchObject({ allocatedBytes: 0, liveBuffers: 0, peakBytes: 40, reservedBytes: 0 })
    expect(() => device.enqueue(launch)).toThrow(/after it was released/)
  })

  test('new memory holds nothing that could be taken for data', async () => {
    const device = open()
    const words = new Int32Array(await device.read(whole(device, 8)))
    expect([...words]).toEqual([-1, -1])
  })

  test('one executable for equal kernels', () => {
    const device = open()
    expect(device.compile(addKernel())).toBe(device.compile(addKernel()))
    expect(device.statistics().compiledKernels).toBe(1)
  })

  test('an empty grid runs nothing', () => {
    const device = open()
    const { y, launch } = prepared(device)
    device.enqueue({ ...launch, grid: [0] })
    expect(new Float32Array(device.view(y).slice().buffer)[0]).toBe(10)
  })

  test.each<[string, (own: ReturnType<typeof prepared>, device: BackendDevice) => void, RegExp]>([
    ['too few axes', ({ launch }, device) => device.enqueue({ ...launch, grid: [] }), /grid has 1 axes, but 0/],
    ['half a program', ({ launch }, device) => device.enqueue({ ...launch, grid: [0.5] }), /extent of the grid is 0.5/],
    ['too large a grid', ({ launch }, device) => device.enqueue({ ...launch, grid: [2 ** 60] }), /extent of the grid/],
    ['missing parameters', ({ launch }, device) => device.enqueue({ ...launch, parameters: [5] }), /2 parameters, but 1/],
    ['a negative index', ({ launch }, device) => device.enqueue({ ...launch, parameters: [-1, 0] }), /'n' is -1, but an index/],
    ['no integer', ({ launch }, device) => device.enqueue({ ...launch, parameters: [0.5, 0] }), /'n' is 0.5, which is no index/],
    ['missing buffers', ({ launch, x }, device) => device.enqueue({ ...launch, buffers: [x] }), /2 buffers, but 1/],
    ['too small a buffer', ({ launch }, device) => device.enqueue({ ...launch, parameters: [6, 0] }), /'x' has 5 elements, but this launch needs 6/],
    ['half an element', ({ launch, x, y }, device) => device.enqueue({ ...launch, buffers: [{ ...x, byteLength: 18 }, y] }), /no whole elements of f32/],
    ['an odd offset', ({ launch, x, y }, device) => device.enqueue({ ...launch, buffers: [{ ...x, byteOffset: 4, byteLength: 16 }, y] }), /multiples of 16/],
    ['beyond the end', ({ launch, x, y }, device) => device.enqueue({ ...launch, buffers: [{ ...x, byteOffset: 16, byteLength: 16 }, y] }), /ends at byte 32, but its memory has 20/],
    ['overlap', ({ launch, y }, device) => device.enqueue({ ...launch, buffers: [y, y] }), /'y' and 'x' overlap/],
    ['memory of another device', ({ launch, y }, device) => device.enqueue({ ...launch, buffers: [whole(open(), 20), y] }), /another device/],
    ['an executable of another device', ({ launch }, device) => device.enqueue({ ...launch, executable: open().compile(addKernel()) }), /not compiled by this device/],
    ['a bad recording', ({ launch }, device) => void device.record([launch, { ...launch, parameters: [] }]), /2 parameters, but 0/],
    ['too much data', ({ x }, device) => device.write(x, new Float32Array(6)), /24 bytes are written to a binding of 20/],
    ['a negative size', (_, device) => void device.allocate(-1), /non-negative integer/],
    ['half a byte', (_, device) => void device.allocate(0.5), /non-negative integer/],
    ['an enormous size', (_, device) => void device.allocate(2 ** 40), /the largest buffer has/],
  ])('refuses %s', (_, act, message) => {
    const device = open()
    const own = prepared(device)
    expect(() => act(own, device)).toThrow(DeviceError)
    expect(() => act(own, device)).toThrow(message)
    expect(new Float32Array(device.view(own.y).slice().buffer)[0]).toBe(10)
  })

  test('memory beyond the limit, with what is in use', () => {
    const device = open({ memoryLimit: 100 })
    const first = device.allocate(60)
    expect(() => device.allocate(60)).toThrow(/no memory of 60 bytes; 60 bytes in 1 buffers are in use/)
    first.release()
    expect(device.allocate(60).byteLength).toBe(60)
  })

  test.each<[string, object, RegExp]>([
    ['float64', { floats: ['f32'] }, /computes in f64, but the device has f32 only/],
    ['lanes', { maxLanes: 2 }, /4 lanes, but the device allows 2/],
    ['buffers', { maxBuffers: 0 }, /1 buffers, but the device allows 0/],
    ['shared memory', { maxSharedBytes: 16 }, /shares 32 bytes/],
    ['atomics', { floatAtomics: false }, /atomics on floating-point/],
  ])('refuses kernels that need more: %s', (_, capabilities, message) => {
    const b = new KernelBuilder('demanding', { lanes: 4 })
    const [shared, out] = [b.shared('s', 'f64', 4), b.buffer('out', 'f64', 'readWrite')]
    shared.storeLanes(0, 1)
    b.loop(0, 2, {}, (i) => {
      out.atomic('add', i, 1)
    })
    expect(() => open({ capabilities }).compile(b.build())).toThrow(DeviceError)
    expect(() => open({ capabilities }).compile(b.build())).toThrow(message)
    expect(() => open().compile(b.build())).not.toThrow()
  })

  test('finds races and broken promises about indices', () => {
    const b = new KernelBuilder('race', { lanes: 1 })
    b.buffer('out', 'f32', 'write').store(0, 1)
    const racing = b.build()
    for (const [device, isFound] of [[open(), true], [open({ findsRaces: false }), false]] as const) {
      const launch = { executable: device.compile(racing), grid: [2], parameters: [], buffers: [whole(device, 4)] }
      if (isFound) expect(() => device.enqueue(launch)).toThrow(KernelError)
      else device.enqueue(launch)
    }
    const p = new KernelBuilder('promise', { lanes: 1 })
    const index = p.buffer('index', 'i32', 'read', { extent: 1, below: 2 })
    p.buffer('out', 'i32', 'write').store(0, index.load(0))
    const device = open()
    const own = whole(device, 4)
    device.write(own, Int32Array.of(2))
    expect(() => device.enqueue({ executable: device.compile(p.build()), grid: [1], parameters: [], buffers: [own, whole(device, 4)] })).toThrow(InputError)
  })

  test('a closed or lost device throws one error everywhere', async () => {
    for (const end of [(device: InterpreterDevice) => device.close(), (device: InterpreterDevice) => device.lose('pulled out')]) {
      const device = open()
      const { x, launch } = prepared(device)
      const recording = device.record([launch])
      expect(device.lost).toBeNull()
      end(device)
      end(device)
      const { lost } = device
      expect(lost).toBeInstanceOf(DeviceError)
      const acts = [
        () => device.allocate(4),
        () => device.write(x, new Float32Array(1)),
        () => device.view(x),
        () => device.compile(addKernel()),
        () => device.enqueue(launch),
        () => device.record([launch]),
        () => device.statistics(),
        () => recording.replay(),
      ]
      for (const act of acts) expect(act).toThrow(lost?.message)
      await expect(device.read(x)).rejects.toBe(lost)
      await expect(device.synchronize()).rejects.toBe(lost)
      expect(() => x.memory.release()).not.toThrow()
      expect(() => recording.dispose()).not.toThrow()
    }
  })

  test('there is one', async () => {
    expect(await interpreter.available()).toMatchObject({ isAvailable: true })
    await expect(interpreter.open(1)).rejects.toThrow(DeviceError)
  })
})
