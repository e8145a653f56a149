import { InputError, InternalError, rowOrder } from '@equivar/core'
import { backendOf } from '../array/device.ts'
import { orderPlan } from '../kernels/algorithms/order.ts'
import { allocateOn } from '../memory/allocate.ts'
import { Storage } from '../memory/storage.ts'
import type { Owned } from '../memory/scope.ts'
import { targetOf } from './backend.ts'
import { runPlan } from './run-plan.ts'

/**
 * The positions of an index array sorted by what they hold: `entries[starts[r] … starts[r + 1] − 1]` are, ascending, those that
 * hold r.
 */
export class Order implements Owned {
  /** int32 [rows + 1] */
  readonly starts: Storage
  /** int32 [entries of the index array] */
  readonly entries: Storage

  constructor(starts: Storage, entries: Storage) {
    this.starts = starts
    this.entries = entries
  }

  dispose(): void {
    this.starts.release()
    this.entries.release()
  }
}

/** From so many entries on a device with memory of its own sorts what the host has, which it gets anyway, instead of being told. */
const manyEntries = 8192

/**
 * The order of an index array with values in `0 … rows − 1`, made when it is first asked for and kept as long as the index array: on
 * the host where it sees the values and they are few, by kernels where not. The values have been checked, or are trusted.
 *
 * @throws {InputError} if the host sees a value out of range. @throws {DeviceError} if there is no room.
 */
export function orderOf(indices: Storage, rows: number): Order {
  return indices.attached(`order of ${rows} rows`, (found) => found instanceof Order, () => sortOnHost(indices, rows) ?? sortOnDevice(indices, rows))
}

function sortOnHost(indices: Storage, rows: number): Order | undefined {
  const backend = backendOf(indices.device)
  if (backend && !backend.view && indices.length >= manyEntries) return undefined
  const values = indices.view()
  if (!(values instanceof Int32Array)) return undefined
  const { starts, entries } = rowOrder(values, rows)
  return new Order(Storage.ofHost(starts, indices.device), Storage.ofHost(entries, indices.device))
}

function sortOnDevice(indices: Storage, rows: number): Order {
  const { device, length } = indices
  const backend = indices.backend ?? backendOf(device)
  const { low = 0, high = 0 } = indices.range() ?? {}
  if (length > 0 && (low < 0 || high >= rows)) throw new InputError(`order: an index is ${low < 0 ? low : high}, but rows are 0 … ${rows - 1}`)
  if (!backend) throw new InternalError(`the order of ${length} ${indices.dtype} elements that are nowhere`)
  const made: Storage[] = []
  const newStorage = (count: number): Storage => {
    const storage = Storage.ofPlace({ backend, binding: allocateOn(backend, 'int32', count) }, 'int32', count, device)
    made.push(storage)
    return storage
  }
  try {
    const [starts, entries] = [newStorage(rows + 1), newStorage(length)]
    runPlan(backend, orderPlan(length, rows, targetOf(backend)), {
      input: () => indices.on(backend),
      outputs: [starts.on(backend), entries.on(backend)],
      order: () => {
        throw new InternalError('the order of an order')
      },
    })
    return new Order(starts, entries)
  } catch (error) {
    for (const storage of made) storage.release()
    throw error
  }
}
