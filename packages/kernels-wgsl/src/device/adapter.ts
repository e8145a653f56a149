import { findGpu } from '#platform'
import { messageOf } from './gpu.ts'

/** An adapter with WebGPU behind it, or why there is none and what would help. */
export type FoundAdapter = { readonly adapter: GPUAdapter } | { readonly reason: string }

export async function findAdapter(options: GPURequestAdapterOptions): Promise<FoundAdapter> {
  const found = await findGpu()
  if ('reason' in found) return found
  try {
    const adapter = await found.gpu.requestAdapter(options)
    return adapter ? { adapter } : { reason: 'there is WebGPU, but no adapter; install or update the driver of the graphics card (on Linux its Vulkan driver and libvulkan1)' }
  } catch (error) {
    return { reason: `no adapter can be had: ${messageOf(error)}` }
  }
}

/** Whether an adapter computes on the processor, which the processor's own kernels do better. */
export function isSoftware(adapter: GPUAdapter): boolean {
  const { info } = adapter
  // Where hosts say it has changed over the years.
  const { isFallbackAdapter = false } = adapter as { readonly isFallbackAdapter?: boolean }
  const { isFallbackAdapter: byInfo = false } = info as { readonly isFallbackAdapter?: boolean }
  return isFallbackAdapter || byInfo || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${info.architecture} ${info.device} ${info.description}`)
}

/** One line for people. */
export function adapterText(adapter: GPUAdapter): string {
  const { vendor, architecture, device, description } = adapter.info
  const names = [vendor, architecture, device, description].filter((name) => name !== '')
  return `${names.length === 0 ? 'unnamed adapter' : [...new Set(names)].join(' ')}${isSoftware(adapter) ? ' (software, on the processor)' : ''}`
}
