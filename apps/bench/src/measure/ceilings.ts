import type { BackendDevice, Binding, Launch } from '@equivar/core'
import { deviceTime } from './clock.ts'
import { chains, copy, lanesOf, multiplyAdds, unrolled, vectorsOfProgram } from './microkernels.ts'

/** What a device reaches in kernels of this project's own language that do one thing only. */
export interface Ceilings {
  readonly backend: string
  /** Multiplications and additions a second, by element type. */
  readonly flops: Readonly<Record<string, number>>
  /** Bytes read and written a second, for copies that touch so many bytes in all. */
  readonly copy: readonly { readonly bytes: number; readonly rate: number }[]
}

export interface CeilingOptions {
  /** Time for every one of them, ms. */
  readonly budget?: number
  /** Most bytes that a copy touches. */
  readonly maxBytes?: number
  /** Multiply-adds of the kernel for arithmetic, over all lanes. */
  readonly multiplyAdds?: number
  /** Bytes that copies of a small size touch together before the clock is looked at. */
  readonly bytesAtOnce?: number
}

/** Peak of multiply-adds, and bandwidth of copies from the size of a first-level cache to main memory. */
export async function measureCeilings(device: BackendDevice, options: CeilingOptions = {}): Promise<Ceilings> {
  const { budget = 250, maxBytes = 2 ** 28, bytesAtOnce = 2 ** 24 } = options
  const { multiplyAdds: work = device.capabilities.lanes === 'simd' ? 2e8 : 2e11 } = options
  const flops: Record<string, number> = {}
  for (const scalar of device.capabilities.floats) flops[scalar] = await peakFlops(device, scalar, work, budget)
  const rates: { readonly bytes: number; readonly rate: number }[] = []
  for (let bytes = 2 ** 14; bytes <= maxBytes && bytes / 2 <= device.capabilities.maxBufferBytes; bytes *= 4)
    rates.push({ bytes, rate: await copyRate(device, bytes, bytesAtOnce, budget) })
  return { backend: device.name, flops, copy: rates }
}

async function peakFlops(device: BackendDevice, scalar: 'f32' | 'f64', work: number, budget: number): Promise<number> {
  const lanes = lanesOf(device.capabilities, scalar)
  const size = scalar === 'f32' ? 4 : 8
  const programs = device.capabilities.parallelism * 32
  const turns = Math.max(1, Math.round(work / (programs * lanes * chains * unrolled)))
  return withMemory(device, [2 * lanes * size, programs * lanes * size], async ([x, y]) => {
    const values = Array.from({ length: 2 * lanes }, (_, k) => (k < lanes ? 0.999 : 0.001))
    device.write(x, scalar === 'f32' ? Float32Array.from(values) : Float64Array.from(values))
    const flops = 2 * programs * turns * lanes * chains * unrolled
    const launch: Launch = { executable: device.compile(multiplyAdds(scalar, lanes)), grid: [programs], parameters: [turns], buffers: [x, y], work: flops }
    return flops / (await bestSeconds(device, [launch], budget))
  })
}

async function copyRate(device: BackendDevice, bytes: number, bytesAtOnce: number, budget: number): Promise<number> {
  // Several registers a program hide the latency of memory.
  const lanes = lanesOf(device.capabilities, 'f32')
  const programs = Math.max(1, Math.floor(bytes / 2 / (4 * lanes * vectorsOfProgram)))
  const length = programs * 4 * lanes * vectorsOfProgram
  return withMemory(device, [length, length], async ([x, y]) => {
    device.write(x, new Float32Array(length / 4).fill(1))
    const launch: Launch = { executable: device.compile(copy(lanes)), grid: [programs], parameters: [], buffers: [x, y], work: length / 2 }
    const times = Math.max(1, Math.min(1000, Math.floor(bytesAtOnce / bytes)))
    return (2 * length * times) / (await bestSeconds(device, Array.from({ length: times }, () => launch), budget))
  })
}

async function withMemory<R>(device: BackendDevice, sizes: readonly [number, number], use: (bindings: readonly [Binding, Binding]) => Promise<R>): Promise<R> {
  const binding = (byteLength: number): Binding => ({ memory: device.allocate(byteLength), byteOffset: 0, byteLength })
  const bindings = [binding(sizes[0]), binding(sizes[1])] as const
  try {
    return await use(bindings)
  } finally {
    for (const { memory } of bindings) memory.release()
  }
}

/** Milliseconds beside which the steps of a device's clock do not count; WebGPU's has steps of up to 0.1 ms. */
const longTime = 10

/** Of as many turns as the time allows, after two that warm up. */
async function bestSeconds(device: BackendDevice, launches: readonly Launch[], budget: number): Promise<number> {
  const recording = device.record(launches)
  let best = Number.POSITIVE_INFINITY
  let replays = 1
  const until = performance.now() + budget
  for (let turn = 0; turn < 3 || performance.now() < until; turn++) {
    const all = await deviceTime(device, () => {
      for (let k = 0; k < replays; k++) recording.replay()
    })
    const time = all / replays
    if (device.measure && turn === 1) replays = Math.max(1, Math.min(100, Math.ceil(longTime / Math.max(time, 0.1))))
    if (turn >= 2) best = Math.min(best, time)
  }
  recording.dispose()
  return Math.max(best, 1e-3) / 1000
}
