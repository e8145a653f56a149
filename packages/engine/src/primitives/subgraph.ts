import type { AbstractValue } from '../graph/value.ts'
import type { PrimitiveName } from './names.ts'
import type { AnyParams } from './rules.ts'

/** Number of an array of a graph: an input, a constant, or what a step makes. */
export type TensorId = number

/** One primitive of a graph: `outputs = primitive(inputs; params)`. */
export interface PrimitiveStep {
  readonly kind: 'primitive'
  readonly primitive: PrimitiveName
  readonly params: AnyParams
  readonly inputs: readonly TensorId[]
  readonly outputs: readonly TensorId[]
}

/**
 * A function of arrays as data: what loops and branches hold. It has no memory of its own: arrays that the function closes over are
 * inputs of the primitive that holds it, and its constants are single numbers.
 */
export interface Subgraph {
  readonly tensors: readonly AbstractValue[]
  /** The first tensors are the inputs. */
  readonly numInputs: number
  readonly numbers: readonly { readonly id: TensorId; readonly value: number }[]
  readonly steps: readonly PrimitiveStep[]
  readonly outputs: readonly TensorId[]
}
