import { DeviceError, interpreterBackend, type BackendDevice, type Binding } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'
import { describe, expect, test } from 'vitest'
import { constantOn, executableOf, targetOf } from '../../src/compiled/backend.ts'
import { runPlan } from '../../src/compiled/run-plan.ts'
import { collected, collector } from '../support/collector.ts'

/** `y[i] = scale · x[table[i]]` */
function gatherKernel(): kernels.Kernel {
  const b = new kernels.KernelBuilder('gather', { lanes: 1 })
  const scale = b.parameter('scale', 'f64')
  const [x, table, y] = [b.buffer('x', 'f64', 'read'), b.buffer('table', 'i32', 'read'), b.buffer('y', 'f64', 'write')]
  const i = b.programId()
  y.store(i, x.load(table.load(i).convert('index')).mul(scale))
  return b.build()
}

function upload(device: BackendDevice, data: Float64Array): Binding {
  const binding = { memory: device.allocate(data.byteLength), byteOffset: 0, byteLength: data.byteLength }
  device.write(binding, data)
  return binding
}

async function download(device: BackendDevice, binding: Binding): Promise<number[]> {
  return [...new Float64Array(await device.read(binding))]
}

const kernel = gatherKernel()
const table = Int32Array.of(2, 0, 1, ...new Array<number>(20).fill(0))

/** Two gathers in a row: from the input into a temporary, from there into the output. */
function twice(temporaryLength: number): lowering.Plan {
  const launch = (from: lowering.Slot, to: lowering.Slot): lowering.PlannedLaunch => ({
    kernel,
    grid: [3],
    parameters: [2],
    buffers: [from, { kind: 'constant', data: table }, to],
    flops: 3,
    bytes: 60,
  })
  const temporary: lowering.Slot = { kind: 'temporary', index: 0 }
  return {
    temporaries: [{ scalar: 'f64', length: temporaryLength }],
    launches: [launch({ kind: 'input', index: 0 }, temporary), launch(temporary, { kind: 'output', index: 0 })],
  }
}

const noOrder = () => {
  throw new Error('no orders here')
}

describe('plans', () => {
  test('run in order; temporaries go back, tables stay and are uploaded once', async () => {
    const device = interpreterBackend().openSync()
    const [x, y] = [upload(device, Float64Array.of(1, 10, 100)), upload(device, new Float64Array(3))]
    const before = device.statistics().liveBuffers
    for (let run = 0; run < 3; run++) runPlan(device, twice(3), { input: () => x, outputs: [y], order: noOrder })
    expect(await download(device, y)).toEqual([40, 400, 4])
    expect(device.statistics()).toMatchObject({ liveBuffers: before + 1, compiledKernels: 1 })
    expect(constantOn(device, table)).toBe(constantOn(device, table))
    expect(executableOf(device, kernel)).toBe(executableOf(device, kernel))
    expect(targetOf(device)).toBe(targetOf(device))
    expect(targetOf(device)).toMatchObject({ lanes: 'simd', vectorBytes: 16 })
  })

  test('that are refused keep no temporaries', () => {
    const device = interpreterBackend({ memoryLimit: 1000 }).openSync()
    const [x, y] = [upload(device, Float64Array.of(1, 2, 3)), upload(device, new Float64Array(3))]
    const plan = twice(3)
    const large: lowering.Plan = { ...plan, temporaries: [...plan.temporaries, { scalar: 'f32', length: 1000 }] }
    const huge: lowering.Plan = { ...plan, temporaries: [...plan.temporaries, { scalar: 'f32', length: 2 ** 40 }] }
    for (const refused of [large, huge]) expect(() => runPlan(device, refused, { input: () => x, outputs: [y], order: noOrder })).toThrow(DeviceError)
    const failing = twice(3)
    expect(() => runPlan(device, failing, { input: () => x, outputs: [], order: noOrder })).toThrow(/output 0/)
    expect(device.statistics().liveBuffers).toBe(2 + 1)
  })

  test('bring short tables that are kept by what they hold, up to a number of them, and as long as their arrays', async () => {
    const device = interpreterBackend().openSync()
    const gc = collector()
    const kept = Int32Array.of(1, 2)
    const first = constantOn(device, kept)
    expect(constantOn(device, Uint32Array.of(1, 2))).toBe(first)
    expect(constantOn(device, Float64Array.of(0))).not.toBe(constantOn(device, Float64Array.of(-0)))
    for (let i = 0; i < 2000; i++) constantOn(device, Int32Array.of(3, i))
    expect(constantOn(device, kept)).toBe(first)
    expect(constantOn(device, Int32Array.of(1, 2))).not.toBe(first)
    await collected(gc, () => device.statistics().liveBuffers === 1025)
    expect(device.statistics().liveBuffers).toBe(1025)
    expect(constantOn(device, kept)).toBe(first)
  })

  test('without programs compile nothing', () => {
    const device = interpreterBackend().openSync()
    const plan = twice(3)
    const empty = { ...plan, launches: plan.launches.map((launch) => ({ ...launch, grid: [0] })) }
    runPlan(device, empty, { input: noOrder, outputs: [], order: noOrder })
    expect(device.statistics()).toMatchObject({ liveBuffers: 0, compiledKernels: 0 })
  })
})
