import type { BackendDevice, DeviceMemory, Executable } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'
import { allocateBytes } from '../memory/allocate.ts'
import { currentPrecision, type Precision } from './modes.ts'

/** What is remembered for a backend; its own objects by identity, so that nothing is compared or hashed on the way to a kernel. */
interface Remembered {
  readonly targets: Readonly<Record<Precision, lowering.Target>>
  readonly executables: WeakMap<kernels.Kernel, Executable>
  readonly tables: WeakMap<ConstantData, Table>
  /** Short tables by what they hold: plans for given sizes bring new ones, with the same few numbers. */
  readonly shortTables: Map<string, Table>
}

type ConstantData = Extract<lowering.Slot, { readonly kind: 'constant' }>['data']

/** Numbers in a device's memory, for all the host's arrays that hold them. */
interface Table {
  readonly memory: DeviceMemory
  /** Arrays of the host that are alive, and one for the list of short tables. */
  holders: number
}

const remembered = new WeakMap<BackendDevice, Remembered>()
/** Tables whose plans are gone need no memory on devices either. */
const forgotten = new FinalizationRegistry<Table>(letGo)

function letGo(table: Table): void {
  if (--table.holders === 0) table.memory.release()
}

function memoryOf(backend: BackendDevice): Remembered {
  let own = remembered.get(backend)
  if (!own) {
    const { lanes, vectorBytes, registers, maxLanes, maxSharedBytes, freeSharedBytes, maxBuffers, matrixUnits } = backend.capabilities
    const target = Object.freeze({ lanes, vectorBytes, registers, maxLanes, maxSharedBytes, freeSharedBytes, maxBuffers, matrixUnits: without(matrixUnits, 'tf32') })
    const lower = matrixUnits.includes('tf32') ? Object.freeze({ ...target, matrixUnits: without(matrixUnits, 'split') }) : target
    own = { targets: { float32: target, tensorfloat32: lower }, executables: new WeakMap(), tables: new WeakMap(), shortTables: new Map() }
    remembered.set(backend, own)
  }
  return own
}

/** What lowering is told of a device: the same object for a precision every time, so that tables can be kept by it. */
export function targetOf(backend: BackendDevice, precision = currentPrecision()): lowering.Target {
  return memoryOf(backend).targets[precision]
}

type MatrixUnits = lowering.Target['matrixUnits']

function without(units: MatrixUnits, unwanted: MatrixUnits[number]): MatrixUnits {
  return units.filter((unit) => unit !== unwanted)
}

/** A kernel made ready for a device, once. @throws {DeviceError} if the device cannot run it. */
export function executableOf(backend: BackendDevice, kernel: kernels.Kernel): Executable {
  const { executables } = memoryOf(backend)
  let executable = executables.get(kernel)
  if (!executable) executables.set(kernel, (executable = backend.compile(kernel)))
  return executable
}

/** Numbers of a short table, and how many such tables a device remembers before it forgets the oldest. */
const shortLength = 16
const maxShortTables = 1024

/** A table of a plan in the device's memory, uploaded once and kept as long as the array that it came in. */
export function constantOn(backend: BackendDevice, data: ConstantData): DeviceMemory {
  const { tables, shortTables } = memoryOf(backend)
  let table = tables.get(data)
  if (!table) {
    table = data.length <= shortLength ? shortTable(backend, shortTables, data) : upload(backend, data)
    table.holders++
    tables.set(data, table)
    forgotten.register(data, table)
  }
  return table.memory
}

function shortTable(backend: BackendDevice, known: Map<string, Table>, data: ConstantData): Table {
  // The bytes: −0 is not 0, and tables of several types may share them.
  const key = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4).join()
  let table = known.get(key)
  if (!table) {
    for (const [oldest, its] of known) {
      if (known.size < maxShortTables) break
      known.delete(oldest)
      letGo(its)
    }
    table = upload(backend, data)
    table.holders++
    known.set(key, table)
  }
  return table
}

function upload(backend: BackendDevice, data: ConstantData): Table {
  const { memory } = allocateBytes(backend, data.byteLength, () => `a table of ${data.length} numbers`)
  backend.write({ memory, byteOffset: 0, byteLength: data.byteLength }, data)
  return { memory, holders: 0 }
}
