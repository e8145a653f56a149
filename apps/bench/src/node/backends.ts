import { DeviceError, use, type Backend } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'

/** Registers the kernels of the named backends, as far as packages for them are installed. @throws {DeviceError} if one has none to offer. */
export async function registerBackends(names: readonly string[], threads: number): Promise<void> {
  use(createCpu({ threads }))
  if (names.includes('webgpu')) use(backendOf('@equivar/kernels-wgsl', await installed('@equivar/kernels-wgsl', import('@equivar/kernels-wgsl')), 'webgpu'))
  if (names.some((name) => name.startsWith('cuda'))) use(backendOf('@equivar/kernels-cuda', await installed('@equivar/kernels-cuda', import('@equivar/kernels-cuda')), 'cuda'))
}

async function installed(name: string, loading: Promise<object>): Promise<object> {
  try {
    return await loading
  } catch (cause) {
    throw new DeviceError(`${name} is not there: install ${name}, or choose other --backends`, { cause })
  }
}

function backendOf(packageName: string, module: object, name: string): Backend {
  const found: unknown = Reflect.get(module, name)
  if (!isBackend(found)) throw new DeviceError(`${packageName} exports no backend '${name}'; install a version that fits`)
  return found
}

function isBackend(value: unknown): value is Backend {
  return typeof value === 'object' && value !== null && 'kind' in value && 'open' in value && 'available' in value
}
