import { DtypeError } from '@equivar/core'
import type { FloatDType } from '@equivar/engine'

let current: FloatDType = 'float32'

/** Dtype of floating-point tensors and parameters where none is named; float32 unless set. */
export function defaultDtype(): FloatDType {
  return current
}

/** @throws {DtypeError} unless it is `'float32'` or `'float64'`. */
export function setDefaultDtype(dtype: FloatDType): void {
  if (!['float32', 'float64'].includes(dtype)) throw new DtypeError(`setDefaultDtype: '${dtype}' is no floating-point dtype; use 'float32' or 'float64'`)
  current = dtype
}
