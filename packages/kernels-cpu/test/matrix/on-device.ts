import type { Binding, Recording } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import type { CpuDevice } from '../../src/index.ts'

type HostData = Float32Array | Float64Array | Int32Array | Uint32Array

export interface PlanMemory {
  readonly inputs: readonly Binding[]
  readonly outputs: readonly Binding[]
  readonly orders?: ReadonlyMap<number, { readonly starts: Binding; readonly entries: Binding }>
}

/** Memory of a device that holds the data. */
export function upload(device: CpuDevice, data: HostData): Binding {
  const binding = { memory: device.allocate(data.byteLength), byteOffset: 0, byteLength: data.byteLength }
  device.write(binding, data)
  return binding
}

/** A plan's launches, ready to be replayed. */
export function recordPlan(device: CpuDevice, plan: lowering.Plan, { inputs, outputs, orders = new Map() }: PlanMemory): Recording {
  const temporaries = plan.temporaries.map(({ scalar, length }) => upload(device, scalar === 'f64' ? new Float64Array(length).fill(NaN) : new Float32Array(length).fill(NaN)))
  const find = (slot: lowering.Slot): Binding => {
    if (slot.kind === 'constant') return upload(device, slot.data)
    const found = slot.kind === 'order' ? orders.get(slot.index)?.[slot.part] : { input: inputs, output: outputs, temporary: temporaries }[slot.kind][slot.index]
    if (!found) throw new Error(`the plan names ${slot.kind} ${slot.index}, which does not exist`)
    return found
  }
  const launches = plan.launches.map(({ kernel, grid, parameters, buffers, flops, bytes }) => ({
    executable: device.compile(kernel),
    grid,
    parameters,
    buffers: buffers.map(find),
    work: flops + bytes / 4,
  }))
  return device.record(launches)
}

/** Positions at which an index array holds every row. */
export function orderOf(indices: Int32Array, rows: number): { readonly starts: Int32Array; readonly entries: Int32Array } {
  const entries = Int32Array.from([...indices.keys()].sort((a, b) => (indices[a] ?? 0) - (indices[b] ?? 0) || a - b))
  const starts = Int32Array.from({ length: rows + 1 }, (_, row) => indices.reduce((count, index) => count + (index < row ? 1 : 0), 0))
  return { starts, entries }
}

/** Reproducible numbers in −1 … 1. */
export function numbers(count: number, seed: number): Float64Array {
  let state = seed
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}
