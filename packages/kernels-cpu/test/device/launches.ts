import type { Binding, Launch } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import type { CpuDevice } from '../../src/index.ts'
import { convolution, matrixProduct, saxpy } from '../wasm/kernels.ts'

/** Memory with the data in it. */
export function upload(device: CpuDevice, data: ArrayBufferView): Binding {
  const binding = { memory: device.allocate(data.byteLength), byteOffset: 0, byteLength: data.byteLength }
  device.write(binding, data)
  return binding
}

export interface Prepared {
  readonly launch: Launch
  /** What the launch writes. */
  readonly result: Binding
}

/** Looks like so much work that threads are worth waking. */
const work = 1e9

const waves = (length: number, seed: number) => Float32Array.from({ length }, (_, k) => Math.sin(seed + k * 1.7))

/** `y += 0.3 x` on n numbers in so many programs of 32. */
export function saxpyLaunch(device: CpuDevice, n: number): Prepared {
  const [x, y] = [upload(device, waves(n, 1)), upload(device, waves(n, 2))]
  return { launch: { executable: device.compile(saxpy(32)), grid: [Math.ceil(n / 32)], parameters: [n, 0.3], buffers: [x, y], work }, result: y }
}

/** A convolution over random edges of 60 nodes, whose sums depend on the order in which they are made. */
export function convolutionLaunch(device: CpuDevice): Prepared {
  const [channels, lanes, edges, nodes] = [20, 8, 600, 60]
  const kernel = convolution(channels, lanes, 'f32')
  const starts = Int32Array.from({ length: nodes + 1 }, (_, k) => Math.floor((edges * k * k) / (nodes * nodes)))
  const senders = Int32Array.from({ length: edges }, (_, k) => (k * 7) % nodes)
  const result = upload(device, new Float32Array(nodes * 8 * channels))
  const inputs = [starts, senders, waves(edges * 4 * channels, 1), waves(nodes * 4 * channels, 3), waves(edges * 4, 2)].map((data) => upload(device, data))
  const grid = [nodes, Math.ceil(channels / lanes)]
  return { launch: { executable: device.compile(kernel), grid, parameters: [edges, nodes], buffers: [...inputs, result], work }, result }
}

/** A product of matrices through memory of a program, of which every thread has its own. */
export function productLaunch(device: CpuDevice, n = 48): Prepared {
  const [left, right, result] = [upload(device, waves(n * n, 1)), upload(device, waves(n * n, 5)), upload(device, new Float32Array(n * n))]
  return { launch: { executable: device.compile(matrixProduct('exact')), grid: [n / 4, n / 4], parameters: [n], buffers: [left, right, result], work }, result }
}

/** `y[p] = Σ_{k < n} (k mod 7)`: one program takes as long as n says. */
export function slow(): kernels.Kernel {
  const b = new kernels.KernelBuilder('slow', { lanes: 1 })
  const n = b.parameter('n', 'index')
  const y = b.buffer('y', 'i32', 'write', { extent: b.gridExtent(0) })
  const [sum] = b.loop(0, n, { carry: [b.constant('i32', 0)] }, (k, [total]) => [total.add(k.rem(7).convert('i32'))])
  y.store(b.programId(), sum)
  return b.build()
}
