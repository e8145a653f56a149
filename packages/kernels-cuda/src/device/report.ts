import type { Driver, FunctionAttributes } from '../native/driver.ts'
import type { LoadedKernel } from './executable.ts'

/** What the compiler made of a kernel. */
export interface KernelReport extends FunctionAttributes {
  readonly name: string
  /** Threads of a block, and programs that share it. */
  readonly threadsPerBlock: number
  readonly programsPerBlock: number
  /** Blocks that one multiprocessor runs at the same time. */
  readonly blocksPerMultiprocessor: number
  /** The text that was compiled. */
  readonly text: string
}

export function reportOf(driver: Driver, { f, name, shape, text, sharedBytes }: LoadedKernel): KernelReport {
  const threadsPerBlock = shape.threads * shape.programs
  return {
    name,
    ...driver.functionAttributes(f),
    sharedBytes,
    threadsPerBlock,
    programsPerBlock: shape.programs,
    blocksPerMultiprocessor: driver.blocksPerMultiprocessor(f, threadsPerBlock, sharedBytes),
    text,
  }
}
