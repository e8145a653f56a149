import type { ElementwiseDag } from '../kernels/elementwise/dag.ts'

/** Element-wise primitives that run as one. Inputs of the step are those of the graph. */
export interface Fusion {
  readonly dag: ElementwiseDag
}
