import { adapterText, findAdapter, isSoftware } from './adapter.ts'

/** What WebGPU is like on this machine. */
export interface WebgpuReport {
  /** Whether kernels can run, if only on the processor. */
  readonly isAvailable: boolean
  /** One line about the adapter; `null` if there is none. */
  readonly adapter: string | null
  readonly features: readonly string[]
  /** Those that matter to kernels. */
  readonly limits: Readonly<Record<string, number>>
  /** What is missing or slow, each with a remedy. */
  readonly advice: readonly string[]
}

const limitsOfInterest = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
  'minStorageBufferOffsetAlignment',
] as const

/** Looks at WebGPU of this machine without opening a device: the adapter, what it can, and what to install. Never throws. */
export async function doctor(): Promise<WebgpuReport> {
  const found = await findAdapter({ powerPreference: 'high-performance' })
  if ('reason' in found) return { isAvailable: false, adapter: null, features: [], limits: {}, advice: [found.reason] }
  const { adapter } = found
  const { features, limits } = adapter
  const advice: string[] = []
  if (isSoftware(adapter)) advice.push('the adapter computes on the processor, which @equivar/kernels-cpu does faster; install the driver of the graphics card')
  if (!features.has('subgroups')) advice.push('the adapter has no subgroups, so sums over lanes go through workgroup memory; a newer driver or browser may have them')
  if (limits.maxStorageBufferBindingSize < 2 ** 30)
    advice.push(`a buffer holds at most ${limits.maxStorageBufferBindingSize} bytes here; large structures have to be evaluated in smaller batches`)
  return {
    isAvailable: true,
    adapter: adapterText(adapter),
    features: [...features].sort(),
    limits: Object.fromEntries(limitsOfInterest.map((name) => [name, limits[name]])),
    advice,
  }
}
