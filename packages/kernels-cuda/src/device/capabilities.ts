import type { Capabilities } from '@equivar/core'
import type { DeviceProperties } from '../native/driver.ts'

/** Shared memory that the arrays of a program may have: what a block has without asking, less what threads hand one another values in. */
const maxSharedBytes = 40_960

export function capabilitiesOf({ totalBytes, warpSize, maxThreadsPerBlock, numMultiprocessors }: DeviceProperties): Capabilities {
  return {
    floats: ['f32', 'f64'],
    lanes: 'gpu',
    vectorBytes: warpSize,
    registers: 255,
    maxLanes: maxThreadsPerBlock,
    maxSharedBytes,
    maxBuffers: 64,
    maxBufferBytes: Math.floor(totalBytes / 256) * 256,
    alignment: 256,
    parallelism: numMultiprocessors,
    floatAtomics: true,
    matrixUnits: [],
  }
}
