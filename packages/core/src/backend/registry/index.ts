import type { Backend, BackendDevice } from '../contract.ts'
import { BackendRegistry, type DeviceChoice, type DeviceFinding, type DiagnosticListener } from './registry.ts'

export type { DeviceChoice, DeviceDiagnostic, DeviceFinding, DiagnosticListener, Refusal } from './registry.ts'

const registry = new BackendRegistry()

/**
 * Registers backends; of one kind, what was registered last is asked first.
 *
 * @throws {InputError} if a backend is of no known kind.
 */
export function use(...backends: readonly Backend[]): void {
  registry.use(...backends)
}

/**
 * Opens a device by name, or gives the open one: `'cpu'`, `'webgpu'`, `'cuda'` (number 0), `'cuda:1'`, or `'auto'`: the first
 * that can be had of cuda, webgpu, cpu with kernels, and cpu without. Beside what was registered, in Node also installed packages
 * of kernels are found.
 *
 * @throws {DeviceError} if the name is unknown, or the device cannot be had, with the reason and a remedy; `'cpu'` always can.
 */
export function device(name: string): Promise<DeviceChoice> {
  return registry.device(name)
}

/**
 * Opens number 0 of every kind of device, in the order in which `'auto'` prefers them, and says what each came to: the open device, or why
 * there is none and what would help.
 */
export function surveyDevices(): Promise<readonly DeviceFinding[]> {
  return registry.survey()
}

/**
 * The device of a registered backend at once: the open one, or one that can be opened without waiting; `null` if there is none.
 * Nothing that is installed is looked for, but what {@link device} found before is known.
 *
 * @throws {DeviceError} if the name is unknown, or a registered backend cannot open its device.
 */
export function registeredDevice(name: string): BackendDevice | null {
  return registry.registered(name)
}

/**
 * Hears which devices were chosen and why others were not, once a name and outcome; without listeners nothing is said, and the
 * same is in what {@link device} returns.
 *
 * @returns what ends it.
 */
export function onDiagnostic(listener: DiagnosticListener): () => void {
  return registry.onDiagnostic(listener)
}
