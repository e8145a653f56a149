import { stopGradient, type NDArray } from '@equivar/engine'
import { Tensor, type TensorOptions } from '../tensor/tensor.ts'

/** A tensor that is trained: modules find it among their properties, optimisers change it in place. */
export class Parameter extends Tensor {
  /** Takes over an array, or the elements of a tensor. */
  constructor(data: Tensor | NDArray, { requiresGrad = true }: TensorOptions = {}) {
    super(data instanceof Tensor ? stopGradient(data.array) : data, { requiresGrad })
  }
}

export interface BufferOptions {
  /** Whether it belongs to the state that is saved. Default true. */
  readonly persistent?: boolean
}

/** A tensor that belongs to a module and is not trained: running means, fixed tables. */
export class Buffer extends Tensor {
  readonly persistent: boolean

  /** Takes over an array, or the elements of a tensor. */
  constructor(data: Tensor | NDArray, { persistent = true }: BufferOptions = {}) {
    super(data instanceof Tensor ? stopGradient(data.array) : data)
    this.persistent = persistent
  }
}
