import { type HostMemory, interpret, type StorageType } from '../../../src/kernels/index.ts'
import type { Plan, Slot, Target } from '../../../src/lowering/index.ts'

export const simd: Target = { lanes: 'simd', vectorBytes: 16, registers: 16, maxLanes: 1024, maxSharedBytes: 65536, maxBuffers: 64, matrixUnits: [] }
export const gpu: Target = { lanes: 'gpu', vectorBytes: 32, registers: 255, maxLanes: 1024, maxSharedBytes: 49152, maxBuffers: 16, matrixUnits: [] }
/** Threads that hold sums of products in their registers. */
export const lanes: Target = { ...gpu, matrixUnits: ['lanes'] }
/** Threads with matrix units. */
export const units: Target = { ...gpu, maxSharedBytes: 61440, matrixUnits: ['split', 'f64'] }

export function newMemory(scalar: StorageType, length: number): HostMemory {
  const kinds = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array }
  return new kinds[scalar](length)
}

/** The order of an index array, as `Slot` describes it. */
export function orderOf(indices: Int32Array, rows: number): { readonly starts: Int32Array; readonly entries: Int32Array } {
  const starts = new Int32Array(rows + 1)
  for (const row of indices) for (let r = row + 1; r <= rows; r++) starts[r] = (starts[r] ?? 0) + 1
  const entries = Int32Array.from([...indices.keys()].sort((a, b) => (indices[a] ?? 0) - (indices[b] ?? 0) || a - b))
  return { starts, entries }
}

export type Orders = ReadonlyMap<number, ReturnType<typeof orderOf>>

/** Runs a plan with the interpreter. Temporaries and outputs start as NaN, so that nothing unwritten passes. */
export function runPlan(plan: Plan, inputs: readonly HostMemory[], outputs: readonly HostMemory[], orders: Orders = new Map()): void {
  const temporaries = plan.temporaries.map(({ scalar, length }) => {
    const memory = newMemory(scalar, length)
    memory.fill(scalar === 'f32' || scalar === 'f64' ? Number.NaN : 0x5bad5bad)
    return memory
  })
  const memoryOf = (slot: Slot): HostMemory => {
    const found = slot.kind === 'constant' ? slot.data : slot.kind === 'order' ? orders.get(slot.index)?.[slot.part] : { input: inputs, output: outputs, temporary: temporaries }[slot.kind][slot.index]
    if (!found) throw new Error(`the plan names ${slot.kind} ${slot.kind === 'constant' ? '' : slot.index}, which does not exist`)
    return found
  }
  for (const { kernel, grid, parameters, buffers } of plan.launches)
    interpret(kernel, {
      grid,
      parameters: Object.fromEntries(kernel.parameters.map(({ name }, k) => [name, parameters[k] ?? Number.NaN])),
      buffers: Object.fromEntries(kernel.buffers.map(({ name }, k) => [name, memoryOf(buffers[k] ?? { kind: 'temporary', index: -1 })])),
    })
}

/** Reproducible numbers in −1 … 1. */
export function numbers(count: number, seed: number): Float64Array {
  let state = seed >>> 0 || 1
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

/** max |a − b| / max |b|. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, largest] = [a.length === b.length ? 0 : Number.NaN, 0]
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? 0)))
    largest = Math.max(largest, Math.abs(b[i] ?? 0))
  }
  return largest === 0 ? difference : difference / largest
}
