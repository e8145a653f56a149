import type * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'
import type { DType } from '../array/dtype.ts'
import type { AbstractValue } from '../graph/value.ts'
import type { ParamsOf, PerInput, PerOutput, PrimitiveName } from '../primitives/names.ts'

/** How elements of a dtype lie in device memory; booleans are words 0 and 1. */
export const storageTypes: { readonly [D in DType]: kernels.StorageType } = {
  float32: 'f32',
  float64: 'f64',
  int32: 'i32',
  uint32: 'u32',
  bool: 'u32',
}

/** The only output has the elements of an input, in the same order: no work, the memory is shared. */
export interface Alias {
  readonly alias: number
}

/**
 * How a primitive is run by kernels: inputs and outputs of the plan are those of the primitive, dense and row-major. Indices have
 * been checked, or are trusted. Kernels are made once and remembered: calling this for new sizes compiles nothing.
 */
export interface Planner<P extends PrimitiveName> {
  plan(inputs: PerInput<P, AbstractValue>, params: ParamsOf<P>, outputs: PerOutput<P, AbstractValue>, target: lowering.Target): lowering.Plan | Alias
}
