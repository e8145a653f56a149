import { type BackendDevice, DeviceError, device as openDevice, registeredDevice, use } from '@equivar/core'
import { withDevice, withMethod, type FloatDType, type MethodChoice } from '@equivar/engine'

/** Where and how a network runs. */
export interface Runtime {
  readonly device: string
  readonly method: MethodChoice
  /** Whether kernels run it; otherwise it is evaluated in plain TypeScript. */
  readonly isCompiled: boolean
  /** Of edge vectors and what is made of them before features: float64 where the device has it. */
  readonly geometry: FloatDType
}

/** Runs synchronous code with a runtime's device and method. */
export function within<R>({ device, method }: Pick<Runtime, 'device' | 'method'>, work: () => R): R {
  return withMethod(method, () => withDevice(device, work))
}

export interface RuntimeOptions {
  /**
   * Default `'cpu'`. `'auto'` takes the first that can be had of cuda, webgpu and cpu; other names are those of core's `device`.
   */
  readonly device?: string | undefined
  /** Default `'auto'`: compiled kernels where the device has them. `'naive'` is plain TypeScript, the oracle of all other methods. */
  readonly method?: MethodChoice | undefined
}

/**
 * Opens the device, with this package's own kernels for the processor unless a backend for it is registered.
 *
 * @throws {DeviceError} if the device cannot be had, with the reason and a remedy.
 */
export async function openRuntime({ device = 'cpu', method = 'auto' }: RuntimeOptions): Promise<Runtime> {
  if (method !== 'naive' && registeredDevice('cpu') === null) {
    const { cpu } = await import('@equivar/kernels-cpu')
    if ((await cpu.available()).isAvailable) use(cpu)
  }
  if (device === 'cpu') return registeredRuntime({ device, method })
  const { name, backend } = await openDevice(device)
  return runtimeOn(name, method, backend)
}

/** What is registered, at once. @throws {DeviceError} if a compiled method is asked for and no backend is registered for the device. */
export function registeredRuntime({ device = 'cpu', method = 'auto' }: RuntimeOptions): Runtime {
  const backend = registeredDevice(device)
  if ((method === 'naive' || backend === null) && method !== 'naive' && (method !== 'auto' || device !== 'cpu'))
    throw new DeviceError(`Mace: method '${method}' on device '${device}' needs kernels, but no backend is registered for it; register one with use(…), or load the model with Mace.load`)
  return runtimeOn(device, method, backend)
}

function runtimeOn(device: string, method: MethodChoice, backend: BackendDevice | null): Runtime {
  const hasDouble = backend === null || backend.capabilities.floats.includes('f64')
  return { device, method, isCompiled: backend !== null && method !== 'naive', geometry: hasDouble ? 'float64' : 'float32' }
}
