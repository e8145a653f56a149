import { type Availability, type Backend, DeviceError, InputError } from '@equivar/core'
import type { Driver } from '../native/driver.ts'
import { CudaDevice } from './device.ts'
import type { ImageStore } from './image-store.ts'

export interface CudaOptions {
  /** Most bytes of memory that a device gives out; all that it has, by default. */
  readonly maxBytes?: number
}

/** A backend whose devices are of this package. */
export interface CudaBackend extends Backend {
  open(index?: number): Promise<CudaDevice>
}

/** What a backend needs of its host. */
export interface CudaHost {
  /** The driver. @throws {DeviceError} if there is none, with the reason and a remedy. */
  loadDriver(): Driver
  openStore(): ImageStore | null
}

/** Oldest hardware whose instructions kernels use. */
const oldestMajor = 8

export function backendOn(host: CudaHost, { maxBytes = Infinity }: CudaOptions = {}): CudaBackend {
  if (!(maxBytes > 0)) throw new InputError(`createCuda: maxBytes must be positive, got ${maxBytes}`)
  const open = async (index = 0): Promise<CudaDevice> => {
    const driver = host.loadDriver()
    await driver.initialize()
    const count = driver.deviceCount()
    if (!(Number.isInteger(index) && index >= 0 && index < count))
      throw new DeviceError(`device 'cuda:${index}': there are ${count} devices, numbered from 0; look at nvidia-smi and at CUDA_VISIBLE_DEVICES`)
    const { name, major, minor } = driver.properties(index)
    if (major < oldestMajor) throw new DeviceError(`device 'cuda:${index}': ${name} has compute capability ${major}.${minor}, but ${oldestMajor}.0 is needed; use the backend 'webgpu' or 'cpu'`)
    return new CudaDevice(driver, await driver.open(index), { ordinal: index, maxBytes, store: host.openStore() })
  }
  return {
    kind: 'cuda',
    available: async (): Promise<Availability> => {
      try {
        const driver = host.loadDriver()
        await driver.initialize()
        const devices = Array.from({ length: driver.deviceCount() }, (_, ordinal) => driver.properties(ordinal).name)
        return devices.length > 0 ? { isAvailable: true, devices } : { isAvailable: false, reason: 'the CUDA driver sees no GPU; look at nvidia-smi and at CUDA_VISIBLE_DEVICES' }
      } catch (error) {
        return { isAvailable: false, reason: error instanceof Error ? error.message : String(error) }
      }
    },
    open,
  }
}
