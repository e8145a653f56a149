import { describe, expect, test } from 'vitest'
import { type Binding, InterpreterDevice, preparePlan, rowOrder } from '../../src/backend/index.ts'
import { DeviceError, InputError } from '../../src/errors.ts'
import { KernelBuilder } from '../../src/kernels/index.ts'
import type { Plan, PlannedLaunch, Slot } from '../../src/lowering/index.ts'

describe('rowOrder', () => {
  test('positions of every row, ascending', () => {
    const { starts, entries } = rowOrder(Int32Array.of(2, 0, 2, 3, 0), 5)
    expect([...starts]).toEqual([0, 2, 2, 4, 5, 5])
    expect([...entries]).toEqual([1, 4, 0, 2, 3])
    expect([...rowOrder(new Int32Array(0), 2).starts]).toEqual([0, 0, 0])
  })

  test('refuses rows that are not there', () => {
    for (const row of [-1, 2]) expect(() => rowOrder(Int32Array.of(0, row), 2)).toThrow(InputError)
    expect(() => rowOrder(Int32Array.of(0, 2), 2)).toThrow('entry 1 is 2, but rows are 0 … 1')
  })
})

/** `out[0] = a[0] + b[0]`. */
function addition(a: Slot, b: Slot, out: Slot): PlannedLaunch {
  const builder = new KernelBuilder('add', { lanes: 1 })
  const [p, q, r] = [builder.buffer('a', 'i32', 'read', { extent: 1 }), builder.buffer('b', 'i32', 'read', { extent: 1 }), builder.buffer('out', 'i32', 'write', { extent: 1 })]
  r.store(0, p.load(0).add(q.load(0)))
  return { kernel: builder.build(), grid: [1], parameters: [], buffers: [a, b, out], flops: 1, bytes: 12 }
}

const constant = Int32Array.of(1000)

const plan: Plan = {
  temporaries: [{ scalar: 'i32', length: 1 }],
  launches: [
    addition({ kind: 'input', index: 0 }, { kind: 'order', index: 1, part: 'entries' }, { kind: 'temporary', index: 0 }),
    addition({ kind: 'temporary', index: 0 }, { kind: 'constant', data: constant }, { kind: 'output', index: 0 }),
  ],
}

function bind(device: InterpreterDevice, value: number): Binding {
  const binding = { memory: device.allocate(4), byteOffset: 0, byteLength: 4 }
  device.write(binding, Int32Array.of(value))
  return binding
}

describe('preparePlan', () => {
  test('finds what slots stand for', async () => {
    const device = new InterpreterDevice()
    const [input, starts, entries, output] = [3, -9, 40, 0].map((value) => bind(device, value))
    if (!input || !starts || !entries || !output) throw new Error('four bindings')
    const { liveBuffers } = device.statistics()
    const prepared = preparePlan(device, plan, { inputs: [input], outputs: [output], orders: new Map([[1, { starts, entries }]]) })
    // A temporary and a constant.
    expect(device.statistics().liveBuffers).toBe(liveBuffers + 2)
    for (const launch of prepared.launches) device.enqueue(launch)
    prepared.release()
    expect([...new Int32Array(await device.read(output))]).toEqual([1043])
    expect(device.statistics().liveBuffers).toBe(liveBuffers)
  })

  test('one constant is uploaded once', () => {
    const device = new InterpreterDevice()
    const slot: Slot = { kind: 'constant', data: constant }
    const twice = preparePlan(device, { temporaries: [], launches: [addition(slot, slot, { kind: 'output', index: 0 })] }, { inputs: [], outputs: [bind(device, 0)] })
    expect(device.statistics().liveBuffers).toBe(2)
    twice.release()
  })

  test('leaves nothing behind when it fails', () => {
    const device = new InterpreterDevice()
    const input = bind(device, 1)
    expect(() => preparePlan(device, plan, { inputs: [input], outputs: [] })).toThrow(InputError)
    expect(() => preparePlan(device, plan, { inputs: [], outputs: [] })).toThrow("buffer 'a' of kernel 'add' is input 0, which has no binding")
    expect(() => preparePlan(device, plan, { inputs: [input], outputs: [] })).toThrow(/the entries of order 1/)
    expect(device.statistics().liveBuffers).toBe(1)
    const small = new InterpreterDevice({ memoryLimit: 4 })
    expect(() => preparePlan(small, plan, { inputs: [bind(small, 1)], outputs: [] })).toThrow(DeviceError)
  })
})
