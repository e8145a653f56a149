import * as engine from '@equivar/engine'
import type { DType, ReductionOptions } from '@equivar/engine'
import { requireArray } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'

/** `y = √(Σ_axes x²)`; where all x are 0 the norm and its derivatives are 0. */
export function norm<D extends DType>(x: DeviceArray<D>, options?: ReductionOptions): DeviceArray<D> {
  return new DeviceArray(engine.norm(requireArray('norm', x), options))
}
