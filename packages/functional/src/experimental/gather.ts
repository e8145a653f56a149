import { InputError } from '@equivar/core'
import { requireArray } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'
import { IrrepsArray } from '../reps/irreps-array.ts'

/**
 * `y[n] = Σ_{e: indices[e] = n} x[e]`, n < numRows: messages summed at their receivers.
 *
 * @throws {InputError} if an index is out of range.
 */
export function gather(indices: DeviceArray, x: IrrepsArray, numRows: number): IrrepsArray
export function gather(indices: DeviceArray, x: DeviceArray, numRows: number): DeviceArray
export function gather(indices: DeviceArray, x: IrrepsArray | DeviceArray, numRows: number): IrrepsArray | DeviceArray {
  requireArray('gather: indices', indices)
  if (x instanceof DeviceArray) return np.segmentSum(x, indices, numRows)
  if (!(x instanceof IrrepsArray) || x.ndim < 2) throw new InputError('gather: needs an array with rows, or rows of irreps')
  return new IrrepsArray(x.irreps, np.segmentSum(x.array, indices, numRows), x.layout)
}
