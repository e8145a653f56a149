import { isFloat, type DType } from '../array/dtype.ts'
import type { AbstractValue } from '../graph/value.ts'
import type { PrimitiveName } from '../primitives/names.ts'

/** Whether a cast may meet numbers that the new dtype does not have. */
export function isLossyCast(primitive: PrimitiveName, { dtype: from }: AbstractValue, to: DType): boolean {
  return primitive === 'cast' && from !== to && from !== 'bool' && to !== 'bool' && !isFloat(to)
}
