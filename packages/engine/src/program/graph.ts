import type { Device } from '../array/device.ts'
import type { AbstractValue } from '../graph/value.ts'
import type { Storage } from '../memory/storage.ts'
import type { PrimitiveStep, TensorId } from '../primitives/subgraph.ts'
import type { Fusion } from './fusion.ts'

export type { PrimitiveStep, TensorId } from '../primitives/subgraph.ts'

/** Element-wise primitives that run as one kernel, without memory for what is between them. */
export interface FusedStep {
  readonly kind: 'fused'
  readonly fusion: Fusion
  readonly inputs: readonly TensorId[]
  /** Constants of one element, whose numbers are given at launch. */
  readonly scalars: readonly TensorId[]
  readonly outputs: readonly TensorId[]
}

export type Step = PrimitiveStep | FusedStep

/**
 * What a function does for given shapes: steps in an order in which they can run. Tensors are numbered from 0; each is an input, a
 * constant, or an output of one step.
 *
 * A transformation that maps a function over an axis (`vmap`) rewrites such a graph step by step: each tensor is either the same for all
 * entries or has the mapped axis in front, and every primitive has what it takes. Element-wise ones broadcast, structural ones count
 * axes from their parameters, `matmul` has leading axes, the batch of a segmented polynomial and of `take` and `segmentSum` is joined
 * with the mapped axis by a reshape, indices shifted by entry.
 */
export interface ProgramGraph {
  readonly device: Device
  readonly tensors: readonly AbstractValue[]
  readonly inputs: readonly TensorId[]
  readonly constants: ReadonlyMap<TensorId, Storage>
  readonly steps: readonly Step[]
  readonly outputs: readonly TensorId[]
}
