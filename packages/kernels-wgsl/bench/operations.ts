/**
 * Polynomials of the comparison with CUDA on the graphics card, kernel by kernel, by its own clock: milliseconds, bytes and operations a
 * second as lowering counts them, and the share of what a copy reaches. In WebGPU, times come in steps of 0.1 ms, so each is one of many.
 * Run: npm run -s program -- packages/kernels-wgsl/bench/operations.ts [CASE,…] [--out FILE]
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Binding, descriptors, Irreps, kernels, lowering, O3, preparePlan, rowOrder, type SegmentedPolynomial } from '@equivar/core'
import { createWebgpu, type WebgpuDevice } from '../src/index.ts'

type Access = lowering.RowAccess

interface Operation {
  readonly name: string
  readonly request: lowering.PolynomialRequest
  readonly sizes: lowering.PolynomialSizes
  /** Rows and entries of every index array. */
  readonly indices: readonly { readonly data: Int32Array; readonly rows: number }[]
}

const shared: Access = { kind: 'shared' }
const batched: Access = { kind: 'batched' }
const indexed = (index: number): Access => ({ kind: 'indexed', index })

let state = 12345
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) | 0
  return (state >>> 8) / 2 ** 24
}

interface Setting {
  readonly polynomial: SegmentedPolynomial
  readonly inputs: readonly Access[]
  readonly outputs: readonly Access[]
  readonly batchSize: number
  readonly indices?: Operation['indices']
}

/** A polynomial, and what its backward pass computes beside it. */
function bothPasses(name: string, { polynomial, inputs, outputs, batchSize, indices = [] }: Setting): readonly Operation[] {
  const rowsOf = (access: Access) => (access.kind === 'shared' ? 1 : access.kind === 'batched' ? batchSize : (indices[access.index]?.rows ?? 0))
  const make = (pass: string, own: SegmentedPolynomial, ins: readonly Access[], outs: readonly Access[]): Operation => ({
    name: `${name} ${pass}`,
    indices,
    request: { polynomial: own, inputs: ins, outputs: outs, inputScalars: ins.map(() => 'f32'), outputScalars: outs.map(() => 'f32'), mathScalar: 'f32' },
    sizes: { batchSize, inputRows: ins.map(rowsOf), outputRows: outs.map(rowsOf) },
  })
  const [backward, map] = polynomial.backward(inputs.map(() => true), outputs.map(() => true))
  const [ins, outs] = map<Access>(inputs, outputs)
  return [make('forward', polynomial, inputs, outputs), make('backward', backward, ins, outs)]
}

function convolution(name: string, irreps: string, nodes: number, degree: number): readonly Operation[] {
  const harmonics = new Irreps(O3, '0e+1o+2e+3o')
  const { polynomial } = descriptors.channelwiseTensorProduct(new Irreps(O3, irreps), harmonics, harmonics)
  const edges = nodes * degree
  const senders = Int32Array.from({ length: edges }, () => Math.floor(random() * nodes))
  const receivers = Int32Array.from({ length: edges }, (_, edge) => Math.floor(edge / degree))
  const indices = [senders, receivers].map((data) => ({ data, rows: nodes }))
  return bothPasses(name, { polynomial, inputs: [batched, indexed(0), batched], outputs: [indexed(1)], batchSize: edges, indices })
}

function contraction(name: string, nodes: number): readonly Operation[] {
  const irreps = (...parts: readonly string[]) => new Irreps(O3, parts.map((part) => `128x${part}`).join('+'))
  const { polynomial } = descriptors.symmetricContraction(irreps('0e', '1o', '2e', '3o'), irreps('0e', '1o'), [1, 2, 3])
  const species = Int32Array.from({ length: nodes }, () => Math.floor(random() * 10))
  return bothPasses(name, { polynomial, inputs: [indexed(0), batched], outputs: [batched], batchSize: nodes, indices: [{ data: species, rows: 10 }] })
}

function linear(name: string, nodes: number): readonly Operation[] {
  const irreps = new Irreps(O3, '128x0e+128x1o+128x2e+128x3o')
  return bothPasses(name, { polynomial: descriptors.linear(irreps, irreps).polynomial, inputs: [shared, batched], outputs: [batched], batchSize: nodes })
}

const cases: Readonly<Record<string, () => readonly Operation[]>> = {
  A1: () => convolution('A1', '128x0e+128x1o', 5000, 50),
  A2: () => convolution('A2', '128x0e', 5000, 50),
  A5: () => convolution('A5', '128x0e+128x1o', 21, 20),
  B1: () => contraction('B1', 500),
  C1: () => linear('C1', 5000),
  C2: () => linear('C2', 250_000),
  E2: () => bothPasses('E2', { polynomial: descriptors.sphericalHarmonics(new O3(1, -1), [0, 1, 2, 3]).polynomial, inputs: [batched], outputs: [batched], batchSize: 1_000_000 }),
}

/** A random block, again and again. */
function filled(device: WebgpuDevice, length: number): Binding {
  const binding = { memory: device.allocate(4 * length), byteOffset: 0, byteLength: 4 * length }
  const block = Float32Array.from({ length: Math.min(length, 1 << 20) }, () => 2 * random() - 1)
  for (let at = 0; at < length; at += block.length) {
    const part = block.subarray(0, Math.min(block.length, length - at))
    device.write({ memory: binding.memory, byteOffset: 4 * at, byteLength: part.byteLength }, part)
  }
  return binding
}

function integers(device: WebgpuDevice, data: Int32Array): Binding {
  const binding = { memory: device.allocate(data.byteLength), byteOffset: 0, byteLength: data.byteLength }
  device.write(binding, data)
  return binding
}

/** Milliseconds of one of many, the median of five times. */
async function timeOf(device: WebgpuDevice, run: () => void): Promise<number> {
  run()
  await device.synchronize()
  const once = await device.measure(() => {
    for (let k = 0; k < 5; k++) run()
  })
  const repeats = Math.max(5, Math.min(500, Math.ceil(20 / Math.max(once / 5, 1e-3))))
  const times: number[] = []
  for (let sample = 0; sample < 5; sample++)
    times.push(
      (await device.measure(() => {
        for (let k = 0; k < repeats; k++) run()
      })) / repeats,
    )
  return times.sort((a, b) => a - b)[2] ?? 0
}

/** Bytes a second that a copy of elements reads and writes. */
async function copyRate(device: WebgpuDevice): Promise<number> {
  const [lanes, length] = [256, 1 << 26]
  const b = new kernels.KernelBuilder('copy', { lanes })
  const [x, y] = [b.buffer('x', 'f32', 'read', { extent: b.gridExtent(0).times(4 * lanes) }), b.buffer('y', 'f32', 'write', { extent: b.gridExtent(0).times(4 * lanes) })]
  const base = b.programId().mul(lanes).add(b.lane()).mul(4)
  for (const k of [0, 1, 2, 3]) y.store(base.add(k), x.load(base.add(k)))
  const buffers = [filled(device, length), filled(device, length)]
  const launch = { executable: device.compile(b.build()), grid: [length / lanes / 4], parameters: [], buffers }
  const milliseconds = await timeOf(device, () => {
    device.enqueue(launch)
  })
  for (const { memory } of buffers) memory.release()
  return (8 * length) / milliseconds * 1e3
}

async function measured(device: WebgpuDevice, { name, request, sizes, indices }: Operation, copy: number): Promise<unknown> {
  const owned: Binding[] = []
  const own = (binding: Binding) => {
    owned.push(binding)
    return binding
  }
  const lowered = lowering.lowerPolynomial(request, device.capabilities, 'auto')
  const plan = lowered.plan(sizes)
  const { polynomial } = request
  const inputs = polynomial.inputs.map(({ size }, k) => own(filled(device, size * (sizes.inputRows[k] ?? 0))))
  const outputs = polynomial.outputs.map(({ size }, k) => own(filled(device, size * (sizes.outputRows[k] ?? 0))))
  const orders = new Map(
    lowered.orders.map((index) => {
      const { data = new Int32Array(0), rows = 0 } = indices[index] ?? {}
      const { starts, entries } = rowOrder(data, rows)
      return [index, { starts: own(integers(device, starts)), entries: own(integers(device, entries)) }] as const
    }),
  )
  const bindings = { inputs: [...inputs, ...indices.map(({ data }) => own(integers(device, data)))], outputs, orders }
  const began = performance.now()
  const prepared = preparePlan(device, plan, bindings)
  const recording = device.record(prepared.launches)
  recording.replay()
  await device.synchronize()
  const firstMs = performance.now() - began
  const milliseconds = await timeOf(device, () => {
    recording.replay()
  })
  const launches: unknown[] = []
  for (const [k, launch] of prepared.launches.entries()) {
    const ms = await timeOf(device, () => {
      device.enqueue(launch)
    })
    const { flops = 0, bytes = 0 } = plan.launches[k] ?? {}
    const { name: kernel, lanes } = launch.executable.kernel
    launches.push({ kernel, lanes, grid: launch.grid, ms, flops, bytes, ofCopy: bytes / ms * 1e3 / copy })
  }
  const { flops, bytes } = lowered.explain(sizes)
  const row = { name, method: lowered.method, ms: milliseconds, firstMs, flops, bytes, ofCopy: bytes / milliseconds * 1e3 / copy, launches }
  recording.dispose()
  prepared.release()
  for (const { memory } of owned) memory.release()
  return row
}

const { values: options, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true })
const chosen = positionals[0]?.split(',') ?? Object.keys(cases)
const device = await createWebgpu().open()
const copy = await copyRate(device)
const rows: unknown[] = []
const results = { date: new Date().toISOString(), device: device.description, copyBytesPerSecond: copy, rows }
for (const name of chosen)
  for (const operation of cases[name]?.() ?? []) {
    const row = await measured(device, operation, copy)
    rows.push(row)
    console.log(JSON.stringify(row))
    if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(results, null, 1)}\n`)
  }
device.close()
process.exit()
