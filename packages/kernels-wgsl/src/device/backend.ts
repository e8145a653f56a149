import { type Backend, DeviceError, InputError } from '@equivar/core'
import { allowsSoftware } from '#platform'
import { adapterText, findAdapter, isSoftware } from './adapter.ts'
import { wantedOf } from './capabilities.ts'
import { WebgpuDevice } from './device.ts'
import { deviceName, messageOf, refusal } from './gpu.ts'

export interface WebgpuOptions {
  /** Which adapter is asked for where there are several. */
  readonly powerPreference?: 'high-performance' | 'low-power'
  /**
   * Whether an adapter will do that computes on the processor; not by default, because the processor's own kernels are faster. In Node
   * `EQUIVAR_WEBGPU_SOFTWARE=1` says the same.
   */
  readonly software?: boolean
  /** Most bytes of memory on the graphics card; by default all that it has. */
  readonly maxBytes?: number
  /** Use instructions by which invocations exchange values; by default where the device has them and their number is fixed. */
  readonly subgroups?: boolean
  /** A device of the page, instead of one of its own. It is not destroyed, and its limits are what they are. */
  readonly device?: GPUDevice
}

/** A backend whose devices are of this package. */
export interface WebgpuBackend extends Backend {
  open(index?: number): Promise<WebgpuDevice>
}

/**
 * Kernels through WebGPU, with settings of one's own.
 *
 * @throws {InputError} if a setting is out of its domain.
 */
export function createWebgpu(options: WebgpuOptions = {}): WebgpuBackend {
  const { powerPreference = 'high-performance', maxBytes = Infinity, subgroups, device: given } = options
  if (!(maxBytes >= 2 ** 16)) throw new InputError(`createWebgpu: maxBytes must be at least ${2 ** 16}, got ${maxBytes}`)
  const subgroupSize = subgroups === false ? 0 : undefined
  const software = options.software ?? allowsSoftware()

  const find = async (): Promise<{ readonly adapter: GPUAdapter } | { readonly reason: string }> => {
    const found = await findAdapter({ powerPreference })
    if ('reason' in found || software || !isSoftware(found.adapter)) return found
    return {
      reason: `the only adapter is ${adapterText(found.adapter)}, which is slower than @equivar/kernels-cpu; install the driver of the graphics card, or allow it with createWebgpu({ software: true })`,
    }
  }

  const open = async (index = 0): Promise<WebgpuDevice> => {
    if (index !== 0) throw new DeviceError(`device '${deviceName}:${index}': WebGPU gives one adapter; open number 0`)
    if (given) return new WebgpuDevice(given, { maxBytes, subgroupSize, isOwn: false, description: 'WebGPU on a device of the page' })
    const found = await find()
    if ('reason' in found) throw refusal(found.reason)
    const { adapter } = found
    try {
      const device = await adapter.requestDevice(wantedOf(adapter))
      return new WebgpuDevice(device, { maxBytes, subgroupSize, isOwn: true, description: `WebGPU on ${adapterText(adapter)}` })
    } catch (error) {
      throw refusal(`${adapterText(adapter)} gives no device: ${messageOf(error)}`, error)
    }
  }

  return {
    kind: 'webgpu',
    available: async () => {
      if (given) return { isAvailable: true, devices: ['a device of the page'] }
      const found = await find()
      return 'reason' in found ? { isAvailable: false, reason: found.reason } : { isAvailable: true, devices: [adapterText(found.adapter)] }
    },
    open,
  }
}

/** Kernels on the graphics card, through WebGPU: `use(webgpu)`. */
export const webgpu: WebgpuBackend = createWebgpu()
