import type { lowering } from '@equivar/core'
import { lanesOf } from '../reductions/accumulate.ts'

/** Lanes of kernels that visit elements one by one: on a processor as many as suit the kernel, on a GPU threads. */
export function movingLanes(onProcessor: number, target: lowering.Target): number {
  return target.lanes === 'gpu' ? lanesOf('i32', target) : onProcessor
}
