import { DeviceError, rowOrder } from '@equivar/core'
import { Storage } from '../memory/storage.ts'
import type { Owned } from '../memory/scope.ts'

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
 * The order of an index array with values in `0 … rows − 1`, made when it is first asked for and kept as long as the index array.
 * The values have been checked, or are trusted.
 *
 * @throws {DeviceError} if the host does not see the index array's memory.
 */
export function orderOf(indices: Storage, rows: number): Order {
  return indices.attached(`order of ${rows} rows`, (found) => found instanceof Order, () => sortOnHost(indices, rows))
}

function sortOnHost(indices: Storage, rows: number): Order {
  const values = indices.view()
  if (!(values instanceof Int32Array)) throw new DeviceError(`${indices.device}: the host does not see the index array, so its order cannot be made here`)
  const { starts, entries } = rowOrder(values, rows)
  return new Order(Storage.ofHost(starts, indices.device), Storage.ofHost(entries, indices.device))
}
