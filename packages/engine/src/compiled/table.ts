import { InternalError } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import type { AbstractValue } from '../graph/value.ts'
import { planners as kernelPlanners } from '../kernels/index.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import { controlFlowPlanners } from './control-flow-planners.ts'
import { customPlanners } from './custom.ts'
import { matmulPlanner } from './matmul-planner.ts'
import type { Alias, Planner } from './planner.ts'
import { segmentedPolynomialPlanner } from './polynomial.ts'

interface ErasedPlanner {
  plan(inputs: readonly AbstractValue[], params: AnyParams, outputs: readonly AbstractValue[], target: lowering.Target): lowering.Plan | Alias
}

/** How every primitive is run by kernels; one that was forgotten does not compile. */
export const planners: { readonly [P in PrimitiveName]: Planner<P> } = {
  ...kernelPlanners,
  ...customPlanners,
  ...controlFlowPlanners,
  matmul: matmulPlanner,
  segmentedPolynomial: segmentedPolynomialPlanner,
}
const erased: { readonly [P in PrimitiveName]: ErasedPlanner } = planners

/** What is to be run for a primitive: sizes as numbers, nothing is compiled. */
export function planPrimitive(
  primitive: PrimitiveName,
  inputs: readonly AbstractValue[],
  params: AnyParams,
  outputs: readonly AbstractValue[],
  target: lowering.Target,
): lowering.Plan | Alias {
  return erased[primitive].plan(inputs, params, outputs, target)
}

/** The index array that an order slot of a primitive's plan belongs to: its position among the inputs, and its number of rows. */
export interface OrderSource {
  readonly input: number
  readonly rows: number
}

export function orderSource(inputs: readonly AbstractValue[], params: AnyParams, index: number): OrderSource {
  if ('polynomial' in params) {
    const { polynomial, inputs: inputAccess, outputs } = params
    const read = inputAccess.flatMap((access, i) => (access.kind === 'indexed' && access.index === index ? [inputs[i]?.shape[0] ?? 0] : []))
    const written = outputs.flatMap((access) => (access.kind === 'indexed' && access.index === index ? [access.rows] : []))
    // Starts of more rows begin with those of fewer.
    return { input: polynomial.inputs.length + index, rows: Math.max(0, ...read, ...written) }
  }
  if ('numSegments' in params) return { input: 1, rows: params.numSegments }
  throw new InternalError(`a plan asks for order ${index}, but its primitive has no index arrays`)
}
