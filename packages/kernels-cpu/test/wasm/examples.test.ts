import * as kernels from '@equivar/core/kernels'
import { describe, expect, it } from 'vitest'
import { supportsRelaxedSimd } from '../../src/wasm/index.ts'
import { convolution, gather, matrixProduct, saxpy, scan, segmentSum, softmax, histogram } from './kernels.ts'
import { bothResults } from './run.ts'

const numbers = (length: number, seed = 1) => Array.from({ length }, (_, k) => Math.sin(seed + k * 1.7) * 2)
const f32 = (length: number, seed?: number) => Float32Array.from(numbers(length, seed))
const f64 = (length: number, seed?: number) => Float64Array.from(numbers(length, seed))

const laneCounts = [1, 3, 4, 8, 13, 32]
const modes = [{ relaxedMultiplyAdd: false }, ...(supportsRelaxedSimd() ? [{ relaxedMultiplyAdd: true }] : [])]

describe.each(modes)('kernels as WebAssembly, %o', (options) => {
  const expectSame = (kernel: kernels.Kernel, launch: kernels.Launch) => {
    for (const sharedMemory of [false, true]) {
      const { expected, found } = bothResults(kernel, launch, { ...options, sharedMemory })
      expect(found).toEqual(expected)
    }
  }

  it.each(laneCounts)('saxpy with %i lanes', (lanes) => {
    for (const n of [0, 1, 31, 64, 100])
      expectSame(saxpy(lanes), { grid: [Math.ceil(n / lanes) + 1], parameters: { n, alpha: 0.3 }, buffers: { x: f32(n), y: f32(n, 5) } })
  })

  it.each(laneCounts)('softmax with %i lanes', (lanes) => {
    expectSame(softmax(lanes), { grid: [5], buffers: { x: f32(5 * 37), y: new Float32Array(5 * 37) } })
  })

  it.each(laneCounts)('sums over segments with %i lanes', (lanes) => {
    const starts = Int32Array.from([0, 3, 3, 7, 20])
    const buffers = { starts, x: f64(20 * 21), y: new Float64Array(4 * 21) }
    expectSame(segmentSum(lanes, 21), { grid: [4, Math.ceil(21 / lanes)], parameters: { numEdges: 20 }, buffers })
  })

  it.each(laneCounts)('a fused convolution with %i lanes', (lanes) => {
    const [channels, edges, nodes] = [20, 9, 4]
    for (const scalar of ['f32', 'f64'] as const) {
      const make = scalar === 'f32' ? f32 : f64
      const launch = {
        grid: [3, Math.ceil(channels / lanes)],
        parameters: { numEdges: edges, numNodes: nodes },
        buffers: {
          starts: Int32Array.from([0, 4, 4, 9]),
          senders: Int32Array.from([0, 3, 2, 1, 1, 0, 2, 3, 3]),
          w: make(edges * 4 * channels),
          x: make(nodes * 4 * channels, 3),
          y: make(edges * 4, 2),
          out: make(3 * 8 * channels),
        },
      }
      expectSame(convolution(channels, lanes, scalar), launch)
    }
  })

  it.each(laneCounts)('gathers and scatters with %i lanes', (lanes) => {
    const n = 50
    const index = Int32Array.from({ length: n }, (_, k) => (k * 7) % n)
    for (const count of [0, 1, 50])
      expectSame(gather(lanes), { grid: [Math.ceil(n / lanes)], parameters: { n: count, size: n }, buffers: { index, x: f32(n), y: f32(n), z: f64(n) } })
  })

  it('tiles', () => {
    const buffers = { left: f32(144).map(Math.round), right: f32(144, 2).map(Math.round), result: f32(144) }
    expectSame(matrixProduct('exact'), { grid: [3, 3], parameters: { n: 12 }, buffers })
  })

  it('a scan in shared memory', () => {
    expectSame(scan(), { grid: [4], buffers: { x: Uint32Array.from({ length: 32 }, (_, k) => k * k) } })
  })

  it.each(laneCounts)('a histogram with %i lanes', (lanes) => {
    const n = 77
    const buffers = { x: Uint32Array.from({ length: n }, (_, k) => (k * k) % 8), counts: new Uint32Array(8) }
    expectSame(histogram(lanes), { grid: [Math.ceil(n / lanes)], parameters: { n }, buffers })
  })

  it.each(laneCounts)('carried values that need each other’s old ones, with %i lanes', (lanes) => {
    const b = new kernels.KernelBuilder('fibonacci', { lanes })
    const [x, y] = [b.buffer('x', 'f32', 'readWrite'), b.buffer('y', 'i32', 'readWrite')]
    const [p, q, i, j] = b.loop(0, 7, { carry: [x.loadLanes(0), x.loadLanes(lanes), y.load(0), y.load(1)] }, (k, [v, w, m, n]) => {
      const after = v.add(1)
      return [after, w.add(v), n.add(k.convert('i32')), m.sub(n)]
    })
    b.barrier()
    x.storeLanes(0, p)
    x.storeLanes(lanes, q)
    y.store(0, i)
    y.store(1, j)
    expectSame(b.build(), { grid: [1], buffers: { x: f32(2 * lanes), y: Int32Array.from([3, 5]) } })
  })

  it('what was read stays as it was, whatever is written before it is used', () => {
    const b = new kernels.KernelBuilder('order', { lanes: 4 })
    const x = b.buffer('x', 'f32', 'readWrite')
    const [one, four, lane] = [x.load(0), x.loadLanes(0), x.load(b.lane().mul(2))]
    b.barrier()
    x.storeLanes(0, four.add(1))
    b.barrier()
    const later = one.add(four).add(lane).add(x.load(0))
    b.barrier()
    x.storeLanes(4, later)
    expectSame(b.build(), { grid: [1], buffers: { x: f32(8) } })
  })
})
