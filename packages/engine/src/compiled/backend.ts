import type { BackendDevice, DeviceMemory, Executable, kernels, lowering } from '@equivar/core'
import { allocateBytes } from '../memory/allocate.ts'

/** What is remembered for a backend; its own objects by identity, so that nothing is compared or hashed on the way to a kernel. */
interface Remembered {
  readonly target: lowering.Target
  readonly executables: WeakMap<kernels.Kernel, Executable>
  readonly constants: WeakMap<ConstantData, DeviceMemory>
  /** Short tables by what they hold: plans for given sizes bring new ones, with the same few numbers. */
  readonly shortConstants: Map<string, DeviceMemory>
}

type ConstantData = Extract<lowering.Slot, { readonly kind: 'constant' }>['data']

const remembered = new WeakMap<BackendDevice, Remembered>()
/** Tables whose plans are gone need no memory on devices either. */
const forgottenConstants = new FinalizationRegistry<DeviceMemory>((memory) => memory.release())

function memoryOf(backend: BackendDevice): Remembered {
  let own = remembered.get(backend)
  if (!own) {
    const { lanes, vectorBytes, registers, maxLanes, maxSharedBytes, maxBuffers } = backend.capabilities
    const target = Object.freeze({ lanes, vectorBytes, registers, maxLanes, maxSharedBytes, maxBuffers })
    own = { target, executables: new WeakMap(), constants: new WeakMap(), shortConstants: new Map() }
    remembered.set(backend, own)
  }
  return own
}

/** What lowering is told of a device: the same object every time, so that tables can be kept by it. */
export function targetOf(backend: BackendDevice): lowering.Target {
  return memoryOf(backend).target
}

/** A kernel made ready for a device, once. @throws {DeviceError} if the device cannot run it. */
export function executableOf(backend: BackendDevice, kernel: kernels.Kernel): Executable {
  const { executables } = memoryOf(backend)
  let executable = executables.get(kernel)
  if (!executable) executables.set(kernel, (executable = backend.compile(kernel)))
  return executable
}

/** Numbers of a short table, and how many such tables a device holds before the oldest goes. */
const shortLength = 16
const maxShortConstants = 1024

/**
 * A table of a plan in the device's memory, uploaded once and kept as long as the table. What keeps it longer than a launch records
 * the launch, or has a copy of its own.
 */
export function constantOn(backend: BackendDevice, data: ConstantData): DeviceMemory {
  if (data.length <= shortLength) return shortConstantOn(backend, data)
  const { constants } = memoryOf(backend)
  let memory = constants.get(data)
  if (!memory) {
    constants.set(data, (memory = upload(backend, data)))
    forgottenConstants.register(data, memory)
  }
  return memory
}

function shortConstantOn(backend: BackendDevice, data: ConstantData): DeviceMemory {
  const { shortConstants } = memoryOf(backend)
  // The bytes: −0 is not 0, and tables of several types may share them.
  const key = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4).join()
  let memory = shortConstants.get(key)
  if (!memory) {
    for (const [oldest, its] of shortConstants) {
      if (shortConstants.size < maxShortConstants) break
      shortConstants.delete(oldest)
      its.release()
    }
    shortConstants.set(key, (memory = upload(backend, data)))
  }
  return memory
}

function upload(backend: BackendDevice, data: ConstantData): DeviceMemory {
  const { memory } = allocateBytes(backend, data.byteLength, () => `a table of ${data.length} numbers`)
  backend.write({ memory, byteOffset: 0, byteLength: data.byteLength }, data)
  return memory
}
