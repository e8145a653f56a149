import type { Capabilities } from '@equivar/core'
import type { DeviceProperties } from '../native/driver.ts'

/** Shared memory through which threads hand one another values, beside the arrays of a program. */
const exchangeBytes = 17_408
const leastSharedBytes = 40_960

export function capabilitiesOf(properties: DeviceProperties): Capabilities {
  const { totalBytes, warpSize, maxThreadsPerBlock, numMultiprocessors, sharedBytesPerMultiprocessor, maxSharedBytesPerBlock } = properties
  // Three blocks of a multiprocessor at the same time, or as much as there is.
  const shared = Math.min(Math.floor(sharedBytesPerMultiprocessor / 3), maxSharedBytesPerBlock) - exchangeBytes
  return {
    floats: ['f32', 'f64'],
    lanes: 'gpu',
    vectorBytes: warpSize,
    registers: 255,
    maxLanes: maxThreadsPerBlock,
    maxSharedBytes: Math.max(shared, leastSharedBytes),
    maxBuffers: 64,
    maxBufferBytes: Math.floor(totalBytes / 256) * 256,
    alignment: 256,
    parallelism: numMultiprocessors,
    concurrentLaunches: true,
    floatAtomics: true,
    matrixUnits: ['tf32', 'split', 'f64'],
  }
}
