import { DeviceError, InputError } from '@equivar/core'
import type { Driver } from './driver.ts'
import { DriverError } from './driver-error.ts'

/** What a built addon exports. */
export interface Addon {
  readonly version: string
  readonly interfaceVersion: number
  bind(library: string, driverError: typeof DriverError, inputError: typeof InputError): Driver
}

export interface AddonChoice {
  /** Path of the addon; that of the installed package for this platform unless told. */
  readonly addon?: string
  /** Path of the driver's library; the system's own unless told. */
  readonly library?: string
}

export interface LoadedAddon {
  readonly path: string
  readonly version: string
  readonly driver: Driver
}

/** The number in native/src/addon.cpp. */
const interfaceVersion = 1

/**
 * Binds an addon to this version's errors.
 *
 * @throws {DeviceError} if it is of another version.
 */
export function bindAddon(addon: Addon, path: string, library: string): LoadedAddon {
  if (addon.interfaceVersion !== interfaceVersion)
    throw new DeviceError(`${path}: this addon has interface ${addon.interfaceVersion}, but ${interfaceVersion} is needed: install it in the version of @equivar/kernels-cuda`)
  return { path, version: addon.version, driver: addon.bind(library, DriverError, InputError) }
}
