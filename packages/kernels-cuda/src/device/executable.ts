import { bytesPerElement, type CheckedLaunch, DeviceError, type Executable, type KernelResources, type Launch } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import type { FunctionHandle } from '../native/driver.ts'
import type { IndexBits, PtxModule } from '../ptx/index.ts'
import { CudaMemory } from './memory.ts'

/** A kernel loaded into the device with one width of `index`. */
export interface LoadedKernel extends PtxModule {
  readonly f: FunctionHandle
  /** Parameters of a launch, written anew each time. */
  readonly bytes: ArrayBuffer
  readonly view: DataView
}

/** A kernel compiled for this device: with 32-bit positions, and with 64 bits once a launch needs them. */
export class CudaExecutable implements Executable {
  readonly kernel: kernels.Kernel
  readonly resources: () => KernelResources
  readonly #begin: (bits: IndexBits) => () => LoadedKernel
  readonly #begun = new Map<IndexBits, () => LoadedKernel>()
  readonly #loaded = new Map<IndexBits, LoadedKernel>()

  /** @param begin begins to load the kernel, and gives what ends it. */
  constructor(kernel: kernels.Kernel, begin: (bits: IndexBits) => () => LoadedKernel, resources: (loaded: LoadedKernel) => KernelResources) {
    this.kernel = kernel
    this.resources = () => resources(this.loaded(32))
    this.#begin = begin
    this.#begun.set(32, begin(32))
  }

  /** @throws {DeviceError} if it does not compile; the next call tries again. */
  loaded(bits: IndexBits): LoadedKernel {
    const known = this.#loaded.get(bits)
    if (known) return known
    const end = this.#begun.get(bits) ?? this.#begin(bits)
    this.#begun.delete(bits)
    const made = end()
    this.#loaded.set(bits, made)
    return made
  }
}

/** A launch ready to be run; the parameters are in `kernel.bytes` until the next one is prepared. */
export interface PreparedLaunch {
  readonly kernel: LoadedKernel
  readonly blocks: number
}

/** Positions below this are reached with 32 bits; what kernels compute behind the ends of their rows has room up to 2^31. */
const narrowLimit = 2 ** 31 - 2 ** 24
const maxBlocks = 2 ** 31 - 1
const maxPrograms = 2 ** 32 - 1

function indexBitsFor({ executable: { kernel }, buffers }: Launch, { numPrograms, parameters }: CheckedLaunch): IndexBits {
  if (numPrograms >= narrowLimit) return 64
  for (const [k, { scalar }] of kernel.parameters.entries()) if (scalar === 'index' && (parameters[k] ?? 0) >= narrowLimit) return 64
  for (const [k, { scalar }] of kernel.buffers.entries()) if ((buffers[k]?.byteLength ?? 0) / bytesPerElement[scalar] >= narrowLimit) return 64
  return 32
}

/** @throws {DeviceError} if there are more programs than a grid can have. */
export function prepareLaunch(device: string, executable: CudaExecutable, launch: Launch, checked: CheckedLaunch): PreparedLaunch {
  const { numPrograms, parameters } = checked
  const kernel = executable.loaded(indexBitsFor(launch, checked))
  const { entry, shape, view } = kernel
  const blocks = Math.ceil(numPrograms / shape.programs)
  if (numPrograms > maxPrograms || blocks > maxBlocks)
    throw new DeviceError(
      `device '${device}': kernel '${executable.kernel.name}': a grid of ${launch.grid.join(' × ')} programs is more than a device takes; split the work into smaller batches`,
    )
  for (const [k, { offset }] of entry.buffers.entries()) {
    const binding = launch.buffers[k]
    const address = binding?.memory instanceof CudaMemory ? binding.memory.address + binding.byteOffset : 0
    view.setUint32(offset, address % 2 ** 32, true)
    view.setUint32(offset + 4, Math.floor(address / 2 ** 32), true)
  }
  for (const [k, { offset, type }] of entry.parameters.entries()) {
    const value = parameters[k] ?? 0
    if (type === 'f64') view.setFloat64(offset, value, true)
    else if (type === 'f32') view.setFloat32(offset, value, true)
    else {
      view.setUint32(offset, value % 2 ** 32, true)
      // An index given at launch is never negative.
      if (type === 's64') view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true)
    }
  }
  for (const [axis, { offset }] of entry.grid.entries()) view.setUint32(offset, launch.grid[axis] ?? 0, true)
  view.setUint32(entry.numPrograms.offset, numPrograms, true)
  return { kernel, blocks }
}
