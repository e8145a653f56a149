import type { KernelResources } from '@equivar/core'
import type { Driver } from '../native/driver.ts'
import type { LoadedKernel } from './executable.ts'

/** What the driver's compiler made of a kernel. */
export function resourcesOf(driver: Driver, { f, shape, sharedBytes }: LoadedKernel): KernelResources {
  const threadsPerBlock = shape.threads * shape.programs
  const { registers, localBytes } = driver.functionAttributes(f)
  // Texts declare no arrays of a thread, so all of its own memory is what did not fit into registers.
  const blocksPerMultiprocessor = driver.blocksPerMultiprocessor(f, threadsPerBlock, sharedBytes)
  return { registers, spilledBytes: localBytes, sharedBytes, threadsPerBlock, blocksPerMultiprocessor }
}
