import { InputError } from '@equivar/core'
import type { NDArray } from '../array/ndarray.ts'
import { elementCount, rowMajorStrides, type Shape } from '../array/shape.ts'
import { add, greaterEqual, less, logicalOr, mul, where } from './elementwise.ts'

/**
 * `k = Σ_a stride_a · i_a`: the position in row-major order of the element with indices i of an array of that shape; index arrays
 * broadcast, and 0 stands for an axis where all are. An index out of range gives a position out of range, so that whoever uses it
 * refuses it.
 *
 * @throws {InputError} unless there is one entry an axis, and an array among them.
 */
export function ravelMultiIndex(indices: readonly (NDArray | 0)[], shape: Shape): NDArray {
  if (indices.length !== shape.length) throw new InputError(`ravelMultiIndex: ${indices.length} indices for ${shape.length} axes; pass one an axis`)
  const strides = rowMajorStrides(shape)
  let position: NDArray | undefined
  let isOutside: NDArray | undefined
  for (const [axis, index] of indices.entries()) {
    if (index === 0) continue
    const stride = strides[axis] ?? 1
    const term = stride === 1 ? index : mul(index, stride)
    position = position ? add(position, term) : term
    // The only index of several, or one that is the position itself, shows by itself where it is out of range.
    if (indices.filter((other) => other !== 0).length === 1 && elementCount(shape) === (shape[axis] ?? 0)) continue
    const outside = logicalOr(less(index, 0), greaterEqual(index, shape[axis] ?? 0))
    isOutside = isOutside ? logicalOr(isOutside, outside) : outside
  }
  if (!position) throw new InputError('ravelMultiIndex: no index array was given')
  return isOutside ? where(isOutside, elementCount(shape), position) : position
}
