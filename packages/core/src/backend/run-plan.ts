import { InputError } from '../errors.ts'
import type { Plan, Slot } from '../lowering/index.ts'
import type { BackendDevice, Binding, DeviceMemory, Launch } from './contract.ts'
import { bytesPerElement } from './launch.ts'

/** Positions at which an index array holds each row, as in `Slot`. */
export interface RowOrder {
  readonly starts: Int32Array
  readonly entries: Int32Array
}

/** What a plan's slots stand for. */
export interface PlanBindings {
  readonly inputs: readonly Binding[]
  readonly outputs: readonly Binding[]
  /** By number of index array. */
  readonly orders?: ReadonlyMap<number, { readonly starts: Binding; readonly entries: Binding }>
  /** What launches say of their work, if not their flops. */
  readonly work?: number
}

/** Launches with memory for temporaries and constants, until they are released. */
export interface PreparedPlan {
  readonly launches: readonly Launch[]
  release(): void
}

/**
 * Compiles the kernels of a plan, allocates its temporaries and uploads its constants: the plain way to run one, for tests.
 *
 * @throws {InputError} if a slot has no binding.
 * @throws {DeviceError} as the device does.
 */
export function preparePlan(device: BackendDevice, { temporaries, launches }: Plan, { inputs, outputs, orders = new Map(), work }: PlanBindings): PreparedPlan {
  const owned: DeviceMemory[] = []
  const allocate = (byteLength: number): Binding => {
    const memory = device.allocate(byteLength)
    owned.push(memory)
    return { memory, byteOffset: 0, byteLength }
  }
  const release = () => {
    for (const memory of owned) memory.release()
  }
  try {
    const own = temporaries.map(({ scalar, length }) => allocate(length * bytesPerElement[scalar]))
    const constants = new Map<ArrayBufferView, Binding>()
    const constant = (data: ArrayBufferView): Binding => {
      const known = constants.get(data)
      if (known) return known
      const binding = allocate(data.byteLength)
      device.write(binding, data)
      constants.set(data, binding)
      return binding
    }
    const find = (slot: Slot): Binding | undefined => {
      switch (slot.kind) {
        case 'input':
          return inputs[slot.index]
        case 'output':
          return outputs[slot.index]
        case 'temporary':
          return own[slot.index]
        case 'order':
          return orders.get(slot.index)?.[slot.part]
        case 'constant':
          return constant(slot.data)
      }
    }
    const prepared = launches.map(({ kernel, grid, parameters, buffers, flops }): Launch => {
      const bindings = buffers.map((slot, k) => {
        const binding = find(slot)
        if (!binding) throw new InputError(`plan: buffer '${kernel.buffers[k]?.name ?? ''}' of kernel '${kernel.name}' is ${slotText(slot)}, which has no binding`)
        return binding
      })
      return { executable: device.compile(kernel), grid, parameters, buffers: bindings, work: work ?? flops }
    })
    return { launches: prepared, release }
  } catch (error) {
    release()
    throw error
  }
}

/** The order of an index array with values in `0 … rows − 1`: linear in both, and stable. @throws {InputError} if one lies outside. */
export function rowOrder(indices: Int32Array, rows: number): RowOrder {
  const starts = new Int32Array(rows + 1)
  for (let position = 0; position < indices.length; position++) {
    const row = indices[position] ?? 0
    if (row < 0 || row >= rows) throw new InputError(`rowOrder: entry ${position} is ${row}, but rows are 0 … ${rows - 1}`)
    starts[row + 1] = (starts[row + 1] ?? 0) + 1
  }
  for (let row = 0; row < rows; row++) starts[row + 1] = (starts[row + 1] ?? 0) + (starts[row] ?? 0)
  const next = starts.slice()
  const entries = new Int32Array(indices.length)
  for (let position = 0; position < indices.length; position++) {
    const row = indices[position] ?? 0
    const place = next[row] ?? 0
    entries[place] = position
    next[row] = place + 1
  }
  return { starts, entries }
}

function slotText(slot: Slot): string {
  if (slot.kind === 'constant') return 'a constant'
  return slot.kind === 'order' ? `the ${slot.part} of order ${slot.index}` : `${slot.kind} ${slot.index}`
}
