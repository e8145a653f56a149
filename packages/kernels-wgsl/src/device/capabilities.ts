import type { Capabilities } from '@equivar/core'

/** Lanes that lowering reckons with: a warp of the largest vendor, a multiple or half of what others run in step. */
const lanesInStep = 32
/** Registers of an invocation that kernels may count on everywhere. */
const registers = 128
/** Workgroup memory of a program with which processors of graphics cards are still full: they have about 100 kB for 2048 invocations. */
const freeSharedBytes = 9216
/** Programs at a time, for what is divided by it; no adapter tells. */
const parallelism = 64
const mostLanes = 1024

export function capabilitiesOf({ limits }: GPUDevice): Capabilities {
  return {
    floats: ['f32'],
    lanes: 'gpu',
    vectorBytes: lanesInStep,
    registers,
    maxLanes: Math.min(mostLanes, limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
    maxSharedBytes: limits.maxComputeWorkgroupStorageSize - scratchBytes(limits.maxComputeInvocationsPerWorkgroup),
    freeSharedBytes,
    maxBuffers: limits.maxStorageBuffersPerShaderStage,
    maxBufferBytes: Math.min(limits.maxBufferSize, Number.MAX_SAFE_INTEGER - 8),
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    alignment: limits.minStorageBufferOffsetAlignment,
    parallelism,
    floatAtomics: true,
    matrixUnits: ['lanes'],
  }
}

/** Workgroup memory of reductions and of what lanes tell each other, for each type of word. */
function scratchBytes(invocations: number): number {
  return 3 * 4 * (Math.min(mostLanes, invocations) + 1)
}

/** What is asked of an adapter: as much as it has of everything that kernels can use. */
export function wantedOf({ limits, features }: GPUAdapter): GPUDeviceDescriptor {
  const names = [
    'maxStorageBuffersPerShaderStage',
    'maxBufferSize',
    'maxStorageBufferBindingSize',
    'maxComputeWorkgroupStorageSize',
    'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupSizeX',
    'minStorageBufferOffsetAlignment',
    'minUniformBufferOffsetAlignment',
    'maxUniformBufferBindingSize',
  ] as const
  const wanted = (['subgroups', 'timestamp-query'] as const).filter((feature) => features.has(feature))
  return { label: 'equivar', requiredFeatures: wanted, requiredLimits: Object.fromEntries(names.map((name) => [name, limits[name]])) }
}

/** Invocations that run in step and can exchange values: 0 where the device cannot, or their number is not fixed. */
export function subgroupSizeOf({ features, adapterInfo }: GPUDevice): number {
  // Not all hosts tell.
  const { subgroupMinSize = 0, subgroupMaxSize = 0 } = adapterInfo as Partial<GPUAdapterInfo>
  const isPower = subgroupMinSize > 0 && (subgroupMinSize & (subgroupMinSize - 1)) === 0
  return features.has('subgroups') && isPower && subgroupMinSize === subgroupMaxSize ? subgroupMinSize : 0
}
