import type { DType, TypedArray } from '../array/dtype.ts'
import type { AbstractValue } from '../graph/value.ts'
import type { ParamsOf, PerInput, PerOutput, PrimitiveName } from '../primitives/names.ts'

/** Elements in host memory, row-major. */
export interface HostTensor {
  readonly data: TypedArray
  readonly shape: readonly number[]
  readonly dtype: DType
}

/**
 * Execution of one primitive in plain TypeScript. Inputs have passed the shape rule; what depends on elements
 * (an index out of range) is checked here, before any work. Inputs are never written to; returning an input's own
 * memory is allowed.
 */
export interface Evaluator<P extends PrimitiveName> {
  evaluate(inputs: PerInput<P, HostTensor>, params: ParamsOf<P>, outputs: PerOutput<P, AbstractValue>): PerOutput<P, TypedArray>
}
