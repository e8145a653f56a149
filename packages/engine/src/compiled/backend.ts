import type { BackendDevice, DeviceMemory, Executable, kernels, lowering } from '@equivar/core'
import { allocateBytes } from '../memory/allocate.ts'

/** What is remembered for a backend; its own objects by identity, so that nothing is compared or hashed on the way to a kernel. */
interface Remembered {
  readonly target: lowering.Target
  readonly executables: WeakMap<kernels.Kernel, Executable>
  readonly constants: WeakMap<ConstantData, DeviceMemory>
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
    own = { target, executables: new WeakMap(), constants: new WeakMap() }
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

/** A table of a plan in the device's memory, uploaded once and kept as long as the table. */
export function constantOn(backend: BackendDevice, data: ConstantData): DeviceMemory {
  const { constants } = memoryOf(backend)
  const known = constants.get(data)
  if (known) return known
  const { memory } = allocateBytes(backend, data.byteLength, () => `a table of ${data.length} numbers`)
  backend.write({ memory, byteOffset: 0, byteLength: data.byteLength }, data)
  constants.set(data, memory)
  forgottenConstants.register(data, memory)
  return memory
}
