import type * as lowering from '@equivar/core/lowering'
import { lanesOf } from '../reductions/accumulate.ts'

/** Lanes of kernels that visit elements one by one: on a processor as many as suit the kernel, on a GPU threads. */
export function movingLanes(onProcessor: number, target: lowering.Target): number {
  return target.lanes === 'gpu' ? lanesOf('i32', target) : onProcessor
}

/** Programs that keep all multiprocessors of a GPU busy. */
const manyPrograms = 1024

/** Rows of a program: as many as suit it, on a GPU no more than leave every multiprocessor some. */
export function rowsPerProgram(rows: number, suited: number, target: lowering.Target): number {
  return target.lanes === 'gpu' ? Math.max(1, Math.min(suited, Math.ceil(rows / manyPrograms))) : suited
}
