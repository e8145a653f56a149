import type { SegmentedPolynomial } from '../../src/index.ts'
import type * as lowering from '../../src/lowering/index.ts'
import type * as kernels from '../../src/kernels/index.ts'
import { HostArray } from '../../src/index.ts'
import { interpret } from '../../src/kernels/index.ts'

type Memory = Float32Array | Float64Array | Int32Array | Uint32Array

export interface Problem {
  readonly request: lowering.PolynomialRequest
  readonly sizes: lowering.PolynomialSizes
  readonly inputs: readonly Float64Array[]
  readonly indices: readonly Int32Array[]
}

/** A target like a processor with 128-bit registers, and one like a graphics card with small warps. */
export const simd: lowering.Target = { lanes: 'simd', vectorBytes: 16, registers: 16, maxLanes: 64, maxSharedBytes: 65536, maxBuffers: 64, matrixUnits: [] }
export const gpu: lowering.Target = { lanes: 'gpu', vectorBytes: 8, registers: 64, maxLanes: 16, maxSharedBytes: 32768, maxBuffers: 32, matrixUnits: [] }

/** Positions at which an index array holds each row. */
function orderOf(indices: Int32Array, rows: number): { readonly starts: Int32Array; readonly entries: Int32Array } {
  const lists = Array.from({ length: rows }, (): number[] => [])
  for (const [position, row] of indices.entries()) lists[row]?.push(position)
  const starts = new Int32Array(rows + 1)
  for (const [row, list] of lists.entries()) starts[row + 1] = (starts[row] ?? 0) + list.length
  return { starts, entries: Int32Array.from(lists.flat()) }
}

/** Runs a plan on the interpreter; outputs start as NaN, so what is not written shows. */
export function runPlan({ request, sizes, inputs, indices }: Problem, plan: lowering.Plan): Float64Array[] {
  const newArray = (scalar: kernels.StorageType, length: number) => (scalar === 'f32' ? new Float32Array(length) : scalar === 'f64' ? new Float64Array(length) : new Int32Array(length))
  const operands: Memory[] = [...inputs.map((data, i) => (request.inputScalars[i] === 'f32' ? Float32Array.from(data) : data)), ...indices]
  const outputs = request.polynomial.outputs.map(({ size }, o) => newArray(request.outputScalars[o] ?? 'f32', rowsOf(request.outputs[o], sizes.batchSize, sizes.outputRows[o]) * size).fill(Number.NaN))
  const temporaries = plan.temporaries.map(({ scalar, length }) => newArray(scalar, length).fill(Number.NaN))
  const rowsOfIndex = (index: number) =>
    Math.max(
      ...request.inputs.flatMap((access, i) => (access.kind === 'indexed' && access.index === index ? [sizes.inputRows[i] ?? 0] : [])),
      ...request.outputs.flatMap((access, o) => (access.kind === 'indexed' && access.index === index ? [sizes.outputRows[o] ?? 0] : [])),
    )
  const find = (slot: lowering.Slot): Memory => {
    if (slot.kind === 'constant') return slot.data
    if (slot.kind === 'order') return orderOf(indices[slot.index] ?? new Int32Array(), rowsOfIndex(slot.index))[slot.part]
    const list: readonly Memory[] = slot.kind === 'input' ? operands : slot.kind === 'output' ? outputs : temporaries
    const memory = list[slot.index]
    if (!memory) throw new Error(`no ${slot.kind} ${slot.index}`)
    return memory
  }
  for (const { kernel, grid, parameters, buffers } of plan.launches)
    interpret(kernel, {
      grid,
      parameters: Object.fromEntries(kernel.parameters.map(({ name }, k) => [name, parameters[k] ?? Number.NaN])),
      buffers: Object.fromEntries(kernel.buffers.map(({ name }, k) => [name, find(buffers[k] ?? { kind: 'input', index: -1 })])),
    })
  return outputs.map((data) => Float64Array.from(data))
}

export function rowsOf(access: lowering.RowAccess | undefined, batchSize: number, rows: number | undefined): number {
  if (access?.kind === 'shared') return 1
  return access?.kind === 'indexed' ? (rows ?? 0) : batchSize
}

/** The same by the polynomial's own evaluation, entry by entry. */
export function expected({ request, sizes, inputs, indices }: Problem): Float64Array[] {
  const { polynomial } = request
  const { batchSize } = sizes
  const rowOf = (access: lowering.RowAccess | undefined, entry: number) => {
    if (access?.kind === 'shared') return 0
    return access?.kind === 'indexed' ? (indices[access.index]?.[entry] ?? 0) : entry
  }
  const gathered = polynomial.inputs.map(({ size }, i) => {
    const own = inputs[i] ?? new Float64Array()
    const data = new Float64Array(batchSize * size)
    for (let entry = 0; entry < batchSize; entry++) {
      const row = rowOf(request.inputs[i], entry)
      data.set(own.subarray(row * size, (row + 1) * size), entry * size)
    }
    return new HostArray([batchSize, size], data)
  })
  const values = evaluate(polynomial, gathered, batchSize)
  return polynomial.outputs.map(({ size }, o) => {
    const total = new Float64Array(rowsOf(request.outputs[o], batchSize, sizes.outputRows[o]) * size)
    for (let entry = 0; entry < batchSize; entry++)
      for (let k = 0; k < size; k++) {
        const place = rowOf(request.outputs[o], entry) * size + k
        total[place] = (total[place] ?? 0) + (values[o]?.[entry * size + k] ?? 0)
      }
    return total
  })
}

function evaluate(polynomial: SegmentedPolynomial, inputs: readonly HostArray[], batchSize: number): Float64Array[] {
  const values = polynomial.evaluate(...inputs)
  return values.map(({ data }, o) => {
    const size = polynomial.outputs[o]?.size ?? 0
    // Without inputs nothing tells the batch.
    return data.length === batchSize * size ? data : Float64Array.from({ length: batchSize * size }, (_, k) => data[k % size] ?? 0)
  })
}

export function maxDifference(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  let largest = 0
  for (const [o, x] of a.entries()) {
    const y = b[o] ?? new Float64Array()
    const scale = Math.max(1e-30, ...y.map(Math.abs))
    if (x.length !== y.length) return Number.NaN
    for (const [k, value] of x.entries()) {
      const difference = Math.abs(value - (y[k] ?? 0)) / scale
      if (!(difference <= largest)) largest = difference
    }
  }
  return largest
}

/** Numbers that look random, the same every time. */
export function noise(length: number, seed: number): Float64Array {
  let state = (seed * 2654435761 + 12345) >>> 0
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

export function noiseIndices(length: number, rows: number, seed: number): Int32Array {
  return Int32Array.from(noise(length, seed), (value) => Math.min(rows - 1, Math.floor(((value + 1) / 2) * rows)))
}
