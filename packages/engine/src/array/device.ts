import { DeviceError, device as openDevice, registeredDevice, type BackendDevice } from '@equivar/core'

/** Name of a device: `'cpu'`, `'webgpu'`, `'cuda:0'`. */
export type Device = string

let current: Device = 'cpu'

/**
 * Opens a device and gives its name for the `device` options of this library: `'cpu'`, `'webgpu'`, `'cuda'`, `'cuda:1'`, or `'auto'`,
 * the first that can be had of cuda, webgpu and cpu. Backends are those registered with `use()`, and in Node those installed.
 *
 * @throws {DeviceError} (as a rejection) if it cannot be had, with the reasons and a remedy; `'cpu'` always can.
 * @example
 * setDefaultDevice(await device('auto'))
 */
export async function device(name: string): Promise<Device> {
  return (await openDevice(name)).name
}

/** Where arrays are made when no device is named; `'cpu'` unless set. */
export function defaultDevice(): Device {
  return current
}

/**
 * Chooses where arrays are made when no device is named.
 *
 * @throws {DeviceError} if the device was not opened.
 */
export function setDefaultDevice(name: Device): void {
  current = requireDevice('setDefaultDevice', name)
}

/** What runs the kernels of a device; for `'cpu'` there may be nothing, and plain TypeScript serves. */
export function backendOf(name: Device): BackendDevice | undefined {
  return registeredDevice(name) ?? undefined
}

/**
 * The default device, or the one that is named.
 *
 * @throws {DeviceError} unless it is `'cpu'` or was opened.
 */
export function requireDevice(what: string, name: Device | undefined): Device {
  if (name === undefined || name === current) return current
  if (name === 'cpu') return name
  if (name === 'cuda') return requireDevice(what, 'cuda:0')
  if (name === 'auto' || !backendOf(name)) throw new DeviceError(`${what}: device '${name}' is not open; pass what \`await device('${name}')\` gives`)
  return name
}
