import type * as lowering from '@equivar/core/lowering'
import { broadcastStrides, rowMajorStrides } from '../array/shape.ts'
import type { AbstractValue } from '../graph/value.ts'
import { launchElementwise, type ElementwiseDag } from '../kernels/index.ts'

/** Element-wise primitives that run as one. Inputs of the step are those of the graph. */
export interface Fusion {
  readonly dag: ElementwiseDag
}

/** One launch over all elements of the outputs, to whose shape the inputs are broadcast. */
export function planFusion(
  { dag }: Fusion,
  inputs: readonly AbstractValue[],
  scalars: readonly number[],
  outputs: readonly AbstractValue[],
  target: lowering.Target,
): lowering.Plan {
  const shape = outputs[0]?.shape ?? []
  const request = {
    dag,
    shape,
    inputs: inputs.map((input) => ({ strides: broadcastStrides(input.shape, shape) })),
    outputs: outputs.map(() => ({ strides: rowMajorStrides(shape) })),
    scalars,
  }
  return { temporaries: [], launches: launchElementwise(request, target) }
}
