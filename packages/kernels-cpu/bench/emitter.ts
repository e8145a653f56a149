import * as kernels from '@equivar/core/kernels'
import { argumentLayout, emit, sharedBytes, supportsRelaxedSimd } from '../src/wasm/index.ts'
import { manyCoefficients, matrixProduct, packedMatrixProduct, polynomialOfVectors, segmentProduct, sumOfProducts, tileProduct } from './kernels.ts'

/** Speed of emitted kernels on one thread: `node <bundle>`, see `tools/equivar.mjs` for how programs of the repository are bundled. */

interface Case {
  readonly name: string
  readonly kernel: kernels.Kernel
  readonly grid: readonly number[]
  readonly parameters?: Readonly<Record<string, number>>
  readonly buffers: Readonly<Record<string, kernels.HostMemory>>
  readonly flops: number
  readonly bytes: number
}

const maxPages = 32_768

/** A function that runs all programs once, in memory of its own. */
function prepare({ kernel, grid, parameters = {}, buffers }: Case, relaxedMultiplyAdd: boolean): { readonly run: () => void; readonly bytes: number } {
  const layout = argumentLayout(kernel)
  let end = 1024
  const take = (bytes: number): number => {
    const address = end
    end = Math.ceil((end + bytes + 64) / 64) * 64
    return address
  }
  const args = take(layout.byteLength)
  const addresses = kernel.buffers.map(({ name }) => take(buffers[name]?.byteLength ?? 0))
  const shared = take(sharedBytes(kernel))
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65_536), maximum: maxPages })
  const view = new DataView(memory.buffer)
  grid.forEach((extent, axis) => view.setInt32(args + (layout.gridOffsets[axis] ?? 0), extent, true))
  kernel.parameters.forEach(({ name }, k) => view.setInt32(args + (layout.parameterOffsets[k] ?? 0), parameters[name] ?? 0, true))
  kernel.buffers.forEach(({ name }, k) => {
    const [address, data] = [addresses[k] ?? 0, buffers[name]]
    view.setUint32(args + (layout.bufferOffsets[k] ?? 0), address, true)
    if (data) new Uint8Array(memory.buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), address)
  })
  view.setUint32(args + layout.sharedOffset, shared, true)
  const code = emit(kernel, { relaxedMultiplyAdd, sharedMemory: false, maxPages })
  const instance = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } })
  const exported = instance.exports as { readonly run: (args: number, first: number, last: number) => void }
  const programs = grid.reduce((product, extent) => product * extent, 1)
  return { run: () => exported.run(args, 0, programs), bytes: code.byteLength }
}

/** Seconds of the fastest of many runs, after the host had time to compile for speed. */
function measure(run: () => void): number {
  const begin = performance.now()
  let best = Infinity
  while (performance.now() - begin < 1500) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  return best / 1000
}

const f32 = (length: number) => Float32Array.from({ length }, (_, k) => Math.sin(k * 1.7))

function cases(): readonly Case[] {
  const [rows, size] = [4800, 128]
  const product = { a: f32(rows * size), b: f32(size * size), c: new Float32Array(rows * size) }
  const gemm = { flops: 2 * rows * size * size, bytes: 4 * (2 * rows * size + size * size) }
  const [edges, nodes, channels] = [20_000, 1000, 128]
  const [vectors, outputs] = [250_000, 16]
  const sums = 1_000_000
  const vectorCase = (lanes: number): Case => ({
    name: `polynomials of vectors, ${lanes} lanes`,
    kernel: polynomialOfVectors(lanes, outputs),
    grid: [Math.ceil(vectors / lanes)],
    parameters: { n: vectors },
    buffers: { x: f32(vectors * 3), y: new Float32Array(vectors * outputs) },
    flops: vectors * 60,
    bytes: vectors * 4 * (3 + outputs),
  })
  return [
    { name: 'sums of products in registers', kernel: sumOfProducts(), grid: [100], parameters: { n: 10_000 }, buffers: { x: f32(8), y: f32(800) }, flops: 100 * 10_000 * 12 * 4 * 2, bytes: 0 },
    { name: 'matrix product, 6 rows × 8', kernel: matrixProduct(6, 8, size), grid: [rows / 6, size / 8], buffers: product, ...gemm },
    { name: 'matrix product, 3 rows × 16', kernel: matrixProduct(3, 16, size), grid: [rows / 3, size / 16], buffers: product, ...gemm },
    { name: 'matrix product, b packed', kernel: packedMatrixProduct(6, 8, size, 96), grid: [size / 8, rows / 96], buffers: product, ...gemm },
    ...[16, 64].map((columns) => ({
      name: `tiles of 48 × ${columns} × 64`,
      kernel: tileProduct(48, columns, 64),
      grid: [200],
      buffers: { out: new Float32Array(8) },
      flops: 200 * 2 * 48 * columns * 64,
      bytes: 0,
    })),
    ...[4, 8, 16, 32].map((lanes) => ({
      name: `fused convolution, ${lanes} lanes`,
      kernel: segmentProduct(channels, lanes),
      grid: [channels / lanes, nodes],
      parameters: { numEdges: edges, numNodes: nodes },
      buffers: {
        starts: Int32Array.from({ length: nodes + 1 }, (_, k) => k * (edges / nodes)),
        senders: Int32Array.from({ length: edges }, (_, k) => (k * 7919) % nodes),
        w: f32(edges * 4 * channels),
        x: f32(nodes * 4 * channels),
        y: f32(edges * 4),
        out: new Float32Array(nodes * 8 * channels),
      },
      flops: edges * channels * 8 * 4,
      bytes: 4 * edges * 4 * channels,
    })),
    ...[4, 8, 32].map(vectorCase),
    ...[4, 8, 16].map((lanes) => ({
      name: `500 coefficients, ${lanes} lanes`,
      kernel: manyCoefficients(lanes, 500),
      grid: [16_000 / lanes],
      buffers: { x: f32(16 * 16_000), y: new Float32Array(16_000) },
      flops: 3 * 500 * 16_000,
      bytes: 0,
    })),
    { name: 'y += a x', kernel: saxpy(), grid: [sums / 16], parameters: { n: sums }, buffers: { x: f32(sums), y: f32(sums) }, flops: 2 * sums, bytes: 12 * sums },
  ]
}

function saxpy(): kernels.Kernel {
  const b = new kernels.KernelBuilder('saxpy', { lanes: 16 })
  const n = b.parameter('n', 'index')
  const x = b.buffer('x', 'f32', 'read', { extent: b.extentOf(n) })
  const y = b.buffer('y', 'f32', 'readWrite', { extent: b.extentOf(n) })
  const base = b.programId().mul(16)
  const active = n.sub(base)
  y.storeLanes(base, x.loadLanes(base, { active }).fma(0.3, y.loadLanes(base, { active })), { active })
  return b.build()
}

const only = process.argv[2] ?? ''
for (const each of cases()) {
  if (!each.name.includes(only)) continue
  for (const relaxed of supportsRelaxedSimd() ? [false, true] : [false]) {
    const { run, bytes } = prepare(each, relaxed)
    const seconds = measure(run)
    const rates = `${(each.flops / seconds / 1e9).toFixed(1).padStart(6)} GFLOP/s ${(each.bytes / seconds / 1e9).toFixed(1).padStart(6)} GB/s`
    console.log(`${each.name.padEnd(38)} ${relaxed ? 'madd' : '    '} ${rates} ${(seconds * 1e3).toFixed(3).padStart(9)} ms ${String(bytes).padStart(7)} bytes`)
  }
}
