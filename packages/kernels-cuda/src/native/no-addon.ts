import { DeviceError } from '@equivar/core'
import type { LoadedAddon } from './addon.ts'

/** Where there is no Node: @throws {DeviceError}. */
export function loadAddon(): LoadedAddon {
  throw new DeviceError('CUDA needs Node.js: a page can use WebGPU by @equivar/kernels-wgsl')
}

/** Without Node nothing is kept. */
export function openImageStore(): null {
  return null
}
