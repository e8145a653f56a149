import { DeviceError } from '@equivar/core'
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
  if (!values) throw new DeviceError(`${indices.device}: the host does not see the index array, so its order cannot be made here`)
  const { starts, entries } = countingSort(values, rows)
  return new Order(Storage.ofHost(starts, indices.device), Storage.ofHost(entries, indices.device))
}

/** Counts, sums up and puts every position in its place: linear in entries and rows, and stable. */
export function countingSort(values: ArrayLike<number>, rows: number): { readonly starts: Int32Array; readonly entries: Int32Array } {
  const starts = new Int32Array(rows + 1)
  const next = new Int32Array(rows + 1)
  for (let at = 0; at < values.length; at++) {
    const above = (values[at] ?? 0) + 1
    starts[above] = (starts[above] ?? 0) + 1
  }
  for (let row = 0; row < rows; row++) starts[row + 1] = (starts[row + 1] ?? 0) + (starts[row] ?? 0)
  next.set(starts)
  const entries = new Int32Array(values.length)
  for (let at = 0; at < values.length; at++) {
    const row = values[at] ?? 0
    const place = next[row] ?? 0
    entries[place] = at
    next[row] = place + 1
  }
  return { starts, entries }
}
