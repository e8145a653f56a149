import { InternalError, rowOrder } from '@equivar/core'
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

/**
 * The order of an index array with values in `0 … rows − 1`, made when it is first asked for and kept as long as the index array: on
 * the host where it sees the values, by kernels where it does not. The values have been checked, or are trusted.
 *
 * @throws {InputError} if the host sees a value out of range. @throws {DeviceError} if there is no room.
 */
export function orderOf(indices: Storage, rows: number): Order {
  return indices.attached(`order of ${rows} rows`, (found) => found instanceof Order, () => sortOnHost(indices, rows) ?? sortOnDevice(indices, rows))
}

function sortOnHost(indices: Storage, rows: number): Order | undefined {
  const values = indices.view()
  if (!(values instanceof Int32Array)) return undefined
  const { starts, entries } = rowOrder(values, rows)
  return new Order(Storage.ofHost(starts, indices.device), Storage.ofHost(entries, indices.device))
}

function sortOnDevice(indices: Storage, rows: number): Order {
  const { backend, device, length } = indices
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
