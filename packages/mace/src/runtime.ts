import { type BackendDevice, type Capabilities, DeviceError, InputError, device as openDevice, registeredDevice, use } from '@equivar/core'
import { withDevice, withMethod, withPrecision, type FloatDType, type MethodChoice, type Precision } from '@equivar/engine'

/** Where and how a network runs. */
export interface Runtime {
  readonly device: string
  readonly method: MethodChoice
  readonly precision: Precision
  /** Of what runs kernels. */
  readonly capabilities: Capabilities | undefined
  /** Whether kernels run it; otherwise it is evaluated in plain TypeScript. */
  readonly isCompiled: boolean
  /** Of edge vectors and what is made of them before features: float64 where the device has it. */
  readonly geometry: FloatDType
}

/** Runs synchronous code with a runtime's device, method and precision. */
export function within<R>({ device, method, precision }: Pick<Runtime, 'device' | 'method' | 'precision'>, work: () => R): R {
  return withMethod(method, () => withPrecision(precision, () => withDevice(device, work)))
}

export interface RuntimeOptions {
  /**
   * Default `'cpu'`. `'auto'` takes the first that can be had of cuda, webgpu and cpu; other names are those of core's `device`.
   */
  readonly device?: string | undefined
  /** Default `'auto'`: compiled kernels where the device has them. `'naive'` is plain TypeScript, the oracle of all other methods. */
  readonly method?: MethodChoice | undefined
  /**
   * How exactly a network in float32 multiplies matrices. Default `'float32'`: to its last digits, also on tensor cores. `'tensorfloat32'`: faster,
   * with forces wrong by about 1e-3 of the largest one, on devices that have units for it (`'cuda'`) only. A network in float64 has no use for it.
   */
  readonly precision?: Precision | undefined
}

/**
 * Opens the device, with this package's own kernels for the processor unless a backend for it is registered.
 *
 * @throws {DeviceError} if the device cannot be had, or lacks units for the precision, with the reason and a remedy.
 */
export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { device = 'cpu', method = 'auto' } = options
  if (method !== 'naive' && registeredDevice('cpu') === null) {
    const { cpu } = await import('@equivar/kernels-cpu')
    if ((await cpu.available()).isAvailable) use(cpu)
  }
  if (device === 'cpu') return registeredRuntime(options)
  const { name, backend } = await openDevice(device)
  return runtimeOn(name, options, backend)
}

/**
 * What is registered, at once.
 *
 * @throws {DeviceError} if a compiled method is asked for and no backend is registered for the device, or the device lacks units for the precision.
 */
export function registeredRuntime(options: RuntimeOptions): Runtime {
  const { device = 'cpu', method = 'auto' } = options
  const backend = registeredDevice(device)
  if ((method === 'naive' || backend === null) && method !== 'naive' && (method !== 'auto' || device !== 'cpu'))
    throw new DeviceError(`Mace: method '${method}' on device '${device}' needs kernels, but no backend is registered for it; register one with use(…), or load the model with Mace.load`)
  return runtimeOn(device, options, backend)
}

function runtimeOn(device: string, { method = 'auto', precision = 'float32' }: RuntimeOptions, backend: BackendDevice | null): Runtime {
  requireUnits(device, precision, backend)
  const hasDouble = backend === null || backend.capabilities.floats.includes('f64')
  const isCompiled = backend !== null && method !== 'naive'
  return { device, method, precision, capabilities: isCompiled ? backend.capabilities : undefined, isCompiled, geometry: hasDouble ? 'float64' : 'float32' }
}

function requireUnits(device: string, precision: Precision, backend: BackendDevice | null): void {
  if (!['float32', 'tensorfloat32'].includes(precision)) throw new InputError(`Mace: precision '${precision}' is unknown; use 'float32' or 'tensorfloat32'`)
  if (precision === 'tensorfloat32' && !backend?.capabilities.matrixUnits.includes('tf32'))
    throw new DeviceError(`Mace: device '${device}' has no units for precision 'tensorfloat32'; leave it at 'float32', or use device 'cuda', which has them`)
}
