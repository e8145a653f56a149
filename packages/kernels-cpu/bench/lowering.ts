import { descriptors, experimental, HostArray, Irreps, O3, Operation, Path, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct } from '@equivar/core'
import * as lowering from '@equivar/core/lowering'
import { createCpu } from '../src/index.ts'

/**
 * Times of polynomials on the processor, without an engine: `node lowering.js [cases]`, with `THREADS=2`, `SECONDS=1` for each.
 * Letters as in the issue: A convolutions, B symmetric contractions, E spherical harmonics.
 */

interface Case {
  readonly name: string
  readonly polynomial: SegmentedPolynomial
  readonly inputs: readonly lowering.RowAccess[]
  readonly outputs: readonly lowering.RowAccess[]
  readonly indexRows: readonly number[]
  readonly batchSize: number
}

const batched: lowering.RowAccess = { kind: 'batched' }
const indexed = (index: number): lowering.RowAccess => ({ kind: 'indexed', index })

function derivatives(own: Case): readonly Case[] {
  const [backward, map] = own.polynomial.backward(
    own.inputs.map(() => true),
    own.outputs.map(() => true),
  )
  const [inputs, outputs] = map(own.inputs, own.outputs)
  const each = backward.outputs.map((_, o) => {
    const kept = backward.filterKeepOutputs(backward.outputs.map((__, other) => other === o))
    return { ...own, name: `${own.name} ∂${o}`, polynomial: kept, inputs, outputs: outputs.filter((__, other) => other === o) }
  })
  const [double, mapDouble] = backward.backward(
    inputs.map(() => true),
    outputs.map(() => true),
  )
  const [doubleInputs, doubleOutputs] = mapDouble(inputs, outputs)
  const all = { ...own, name: `${own.name} all gradients`, polynomial: backward, inputs, outputs }
  return [own, all, { ...all, name: `${own.name} double`, polynomial: double, inputs: doubleInputs, outputs: doubleOutputs }, ...each]
}

function convolution(name: string, irreps: string, nodes: number, edges: number): readonly Case[] {
  const of = (text: string) => new Irreps('O3', text)
  const { polynomial } = descriptors.channelwiseTensorProduct(of(irreps), of('0e+1o+2e+3o'), of('0e+1o+2e+3o'))
  const flat = polynomial.flattenCoefficientModes().squeezeModes()
  return derivatives({ name, polynomial: flat, inputs: [batched, indexed(0), batched], outputs: [indexed(1)], indexRows: [nodes, nodes], batchSize: edges })
}

/** As MACE has it: one coefficient a monomial and species. */
function contraction(name: string, nodes: number, species: number, access: lowering.RowAccess = indexed(0)): readonly Case[] {
  const of = (text: string) => new Irreps('O3', text)
  const channels = 128
  const [{ polynomial }] = experimental.mace.symmetricContraction(of('128x0e+128x1o+128x2e+128x3o'), of('128x0e+128x1o'), [1, 2, 3])
  const monomials = new Map<string, readonly number[]>()
  for (const [, product] of polynomial.unsymmetrizeForIdenticalOperands().flattenCoefficientModes().squeezeModes().operations)
    for (const { indices } of product.paths) monomials.set(indices.slice(1).join(), indices.slice(1))
  const segments = (count: number) => new SegmentedOperand(Array.from({ length: count }, () => [channels]), 1)
  const [coefficients, features, output] = [segments(monomials.size), segments(16), segments(4)]
  const byDegree = new Map<number, Path[]>()
  let k = 0
  for (const indices of monomials.values()) {
    const path = new Path([k++, ...indices], HostArray.scalar(1))
    byDegree.set(indices.length, [...(byDegree.get(indices.length) ?? []), path])
  }
  const operations = [...byDegree].map(([length, paths]) => {
    const repeated = Array.from({ length: length - 1 })
    const product = new SegmentedTensorProduct(Array.from({ length: length + 1 }, () => 'u').join(','), [coefficients, ...repeated.map(() => features), output], paths)
    return [new Operation([0, ...repeated.map(() => 1), 2]), product] as const
  })
  const folded = new SegmentedPolynomial([coefficients, features], [output], operations)
  return derivatives({ name, polynomial: folded, inputs: [access, batched], outputs: [batched], indexRows: [species], batchSize: nodes })
}

function harmonics(name: string, vectors: number): readonly Case[] {
  const { polynomial } = descriptors.sphericalHarmonics(new O3(1, -1), [0, 1, 2, 3])
  return derivatives({ name, polynomial, inputs: [batched], outputs: [batched], indexRows: [], batchSize: vectors })
}

/** Products of all multiplicities with all, with shared weights. */
function fullyConnected(name: string, multiplicity: number, batchSize: number): readonly Case[] {
  const irreps = new Irreps('O3', `${multiplicity}x0e+${multiplicity}x1o`)
  const { polynomial } = descriptors.fullyConnectedTensorProduct(irreps, irreps, irreps)
  return derivatives({ name, polynomial, inputs: [{ kind: 'shared' }, batched, batched], outputs: [batched], indexRows: [], batchSize })
}

const groups: Readonly<Record<string, () => readonly Case[]>> = {
  A1: () => convolution('A1', '128x0e+128x1o', 500, 25_000),
  A2: () => convolution('A2', '128x0e', 500, 25_000),
  A4: () => convolution('A4', '32x0e+32x1o', 500, 25_000),
  A5: () => convolution('A5', '128x0e+128x1o', 21, 420),
  A33: () => convolution('A33', '33x0e+33x1o', 500, 25_000),
  A123: () => convolution('A123', '123x0e+123x1o', 500, 25_000),
  Afive: () => convolution('Afive', '5x0e+5x1o', 500, 25_000),
  B500: () => contraction('B500', 500, 10),
  B21: () => contraction('B21', 21, 3),
  F4: () => fullyConnected('F4', 4, 1000),
  F8: () => fullyConnected('F8', 8, 1000),
  F16: () => fullyConnected('F16', 16, 1000),
  F32: () => fullyConnected('F32', 32, 100),
  E250k: () => harmonics('E250k', 250_000),
}

let state = 1
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32

function time(own: Case): void {
  const device = createCpu({ threads: Number(process.env.THREADS ?? 1) }).openSync()
  const rows = (access: lowering.RowAccess) => (access.kind === 'shared' ? 1 : access.kind === 'batched' ? own.batchSize : (own.indexRows[access.index] ?? 0))
  const f32 = 'f32' as const
  const request = { ...own, inputScalars: own.inputs.map(() => f32), outputScalars: own.outputs.map(() => f32), mathScalar: f32 }
  const sizes = { batchSize: own.batchSize, inputRows: own.inputs.map(rows), outputRows: own.outputs.map(rows) }
  const loweredAt = performance.now()
  const lowered = lowering.lowerPolynomial(request, device.capabilities)
  const plan = lowered.plan(sizes)
  const lowerTime = performance.now() - loweredAt
  const buffer = (data: Float32Array | Float64Array | Int32Array | Uint32Array) => {
    const memory = device.allocate(data.byteLength)
    const binding = { memory, byteOffset: 0, byteLength: data.byteLength }
    device.write(binding, data)
    return binding
  }
  const numbers = (length: number) => Float32Array.from({ length }, () => 2 * random() - 1)
  const { batchSize } = own
  const rowAt = (count: number, k: number, e: number) => (k === 1 ? Math.floor((e * count) / batchSize) : Math.floor(random() * count))
  const indices = own.indexRows.map((count, k) => Int32Array.from({ length: batchSize }, (_, e) => rowAt(count, k, e)))
  const orders = indices.map((own, k) => orderOf(own, rows(indexed(k))))
  const inputs = [...own.inputs.map((access, i) => buffer(numbers(rows(access) * (own.polynomial.inputs[i]?.size ?? 0)))), ...indices.map(buffer)]
  const outputs = own.outputs.map((access, o) => buffer(new Float32Array(rows(access) * (own.polynomial.outputs[o]?.size ?? 0))))
  const temporaries = plan.temporaries.map(({ length }) => buffer(new Float32Array(length)))
  const orderBuffers = orders.map(({ starts, entries }) => ({ starts: buffer(starts), entries: buffer(entries) }))
  const find = (slot: lowering.Slot) => {
    const found =
      slot.kind === 'constant' ? buffer(slot.data) : slot.kind === 'order' ? orderBuffers[slot.index]?.[slot.part] : { input: inputs, output: outputs, temporary: temporaries }[slot.kind][slot.index]
    if (!found) throw new Error(`no ${slot.kind}`)
    return found
  }
  const started = performance.now()
  const launches = plan.launches.map(({ kernel, grid, parameters, buffers, flops }) => {
    const executable = device.compile(kernel)
    return { executable, grid, parameters, buffers: buffers.map(find), work: flops }
  })
  const compiled = performance.now() - started
  const recording = device.record(launches)
  const times: number[] = []
  const end = performance.now() + 1000 * Number(process.env.SECONDS ?? 1)
  const firstAt = performance.now()
  recording.replay()
  const first = performance.now() - firstAt
  while (times.length < 5 || performance.now() < end) {
    const start = performance.now()
    recording.replay()
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const { flops, bytes } = lowered.explain(sizes)
  const best = times[0] ?? 0
  const median = times[times.length >> 1] ?? 0
  const checksum = outputs.map((binding) => new Float32Array(device.view(binding).slice().buffer).reduce((sum, value) => sum + value * value, 0))
  console.log(
    `${own.name.padEnd(20)} best ${best.toFixed(3).padStart(8)} ms  median ${median.toFixed(3).padStart(8)}  first ${first.toFixed(1).padStart(6)}  lower ${lowerTime.toFixed(0).padStart(4)}  compile ${compiled.toFixed(0).padStart(4)}  ` +
      `${(flops / best / 1e6).toFixed(1).padStart(5)} GFLOP/s ${(bytes / best / 1e6).toFixed(1).padStart(5)} GB/s  Σ² ${checksum.map((value) => value.toPrecision(6)).join(' ')}`,
  )
  device.close()
}

function orderOf(indices: Int32Array, rows: number): { readonly starts: Int32Array; readonly entries: Int32Array } {
  const starts = new Int32Array(rows + 1)
  for (const row of indices) starts[row + 1] = (starts[row + 1] ?? 0) + 1
  for (let row = 0; row < rows; row++) starts[row + 1] = (starts[row + 1] ?? 0) + (starts[row] ?? 0)
  const next = starts.slice()
  const entries = new Int32Array(indices.length)
  for (const [e, row] of indices.entries()) {
    entries[next[row] ?? 0] = e
    next[row] = (next[row] ?? 0) + 1
  }
  return { starts, entries }
}

const wanted = process.argv.slice(2)
for (const [name, make] of Object.entries(groups)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  for (const own of make()) time(own)
}
