import { loadAddon, openImageStore } from '#addon'
import { backendOn, type CudaBackend, type CudaOptions } from './backend.ts'

/**
 * Kernels on NVIDIA GPUs, with settings of one's own.
 *
 * @throws {InputError} if a setting is out of its domain.
 */
export function createCuda(options: CudaOptions = {}): CudaBackend {
  return backendOn({ loadDriver: () => loadAddon().driver, openStore: () => openImageStore() }, options)
}

/** Kernels on NVIDIA GPUs: `use(cuda)`. */
export const cuda: CudaBackend = createCuda()
