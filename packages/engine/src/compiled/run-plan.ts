import { bytesPerElement, InternalError, type BackendDevice, type Binding } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import { allocateBytes } from '../memory/allocate.ts'
import { constantOn, executableOf } from './backend.ts'

/** Memory of the slots that a plan does not make itself. */
export interface PlanMemory {
  /** Asked for only where a launch reads it: an index array may be needed for its order alone. */
  input(index: number): Binding
  readonly outputs: readonly Binding[]
  /** Starts or entries of the order of an index array, see `lowering.Slot`. */
  order(index: number, part: 'starts' | 'entries'): Binding
}

/**
 * Runs the launches of a plan in order. Temporaries are given back behind them, which a device allows before the work is done.
 *
 * @throws {DeviceError} if the device cannot run a kernel, or there is no memory for the temporaries; nothing is kept then.
 */
export function runPlan(backend: BackendDevice, plan: lowering.Plan, memory: PlanMemory): void {
  const temporaries: Binding[] = []
  try {
    for (const { scalar, length } of plan.temporaries)
      temporaries.push(allocateBytes(backend, length * bytesPerElement[scalar], () => `a temporary of ${length} ${scalar} elements`))
    for (const launch of plan.launches) {
      // Nothing to do, so not even a reason to compile.
      if (launch.grid.includes(0)) continue
      backend.enqueue({
        executable: executableOf(backend, launch.kernel),
        grid: launch.grid,
        parameters: launch.parameters,
        buffers: launch.buffers.map((slot) => bindingOf(backend, slot, memory, temporaries)),
        work: Math.max(launch.flops, launch.bytes / 4),
      })
    }
  } finally {
    for (const { memory: temporary } of temporaries) temporary.release()
  }
}

function bindingOf(backend: BackendDevice, slot: lowering.Slot, memory: PlanMemory, temporaries: readonly Binding[]): Binding {
  switch (slot.kind) {
    case 'input':
      return memory.input(slot.index)
    case 'output':
      return required(memory.outputs[slot.index], slot)
    case 'temporary':
      return required(temporaries[slot.index], slot)
    case 'order':
      return memory.order(slot.index, slot.part)
    case 'constant':
      return { memory: constantOn(backend, slot.data), byteOffset: 0, byteLength: slot.data.byteLength }
  }
}

function required(binding: Binding | undefined, { kind, index }: { readonly kind: string; readonly index: number }): Binding {
  if (!binding) throw new InternalError(`a plan uses ${kind} ${index}, which does not exist`)
  return binding
}
