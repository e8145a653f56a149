import { storageOf } from '../array/ndarray.ts'
import type { Value } from '../graph/value.ts'
import { requireRepresentable } from '../naive/elementwise.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import { checkIndices, indexUses } from './index-uses.ts'

/**
 * What shape rules cannot see: that indices are in range, and that an integer dtype can hold the numbers that are cast to it.
 *
 * @throws {InputError} if elements are refused, NaN included.
 */
export function checkElements(primitive: PrimitiveName, inputs: readonly Value[], params: AnyParams): void {
  for (const { input, rows, what } of indexUses(primitive, inputs, params)) {
    const indices = inputs[input]
    if (indices) checkIndices(what, storageOf(indices), rows)
  }
  const [x] = inputs
  if (primitive === 'cast' && x && 'dtype' in params && params.dtype !== 'bool' && params.dtype !== x.dtype) {
    const data = storageOf(x).view()
    if (data) requireRepresentable({ data, shape: x.shape, dtype: x.dtype }, params.dtype)
  }
}
