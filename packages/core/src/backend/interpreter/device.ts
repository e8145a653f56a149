import { DeviceError } from '../../errors.ts'
import { interpret, type HostMemory, type InterpretOptions, type Kernel, kernelKey, type StorageType, verify } from '../../kernels/index.ts'
import type { BackendDevice, Binding, Capabilities, DeviceMemory, DeviceStatistics, Executable, Launch, Recording } from '../contract.ts'
import { bytesPerElement, checkBinding, checkByteLength, checkCopy, type CheckedLaunch, checkKernel, checkLaunch } from '../launch.ts'
import type { MemoryOwner } from '../held-memory.ts'
import { InterpreterMemory } from './memory.ts'

export interface InterpreterOptions extends InterpretOptions {
  /** What the device says that it can do: as kernels are made for it, so they run. By default as WebAssembly SIMD. */
  readonly capabilities?: Partial<Capabilities>
  /** Allocations beyond are refused; all that the host has, by default. */
  readonly memoryLimit?: number
}

const interpreterCapabilities: Capabilities = {
  floats: ['f32', 'f64'],
  lanes: 'simd',
  vectorBytes: 16,
  registers: 16,
  maxLanes: 1024,
  maxSharedBytes: 65536,
  maxBuffers: 64,
  maxBufferBytes: 2 ** 31,
  alignment: 16,
  parallelism: 1,
  floatAtomics: true,
  matrixUnits: [],
}

const views: { readonly [S in StorageType]: new (bytes: ArrayBuffer, byteOffset: number, length: number) => HostMemory } = {
  f32: Float32Array,
  f64: Float64Array,
  i32: Int32Array,
  u32: Uint32Array,
}

/**
 * A device that runs kernels with `kernels.interpret`, at once, when they are enqueued: slow, and the oracle of all other devices.
 * It refuses what the language forbids, races and broken promises about indices included.
 */
export class InterpreterDevice implements BackendDevice, MemoryOwner {
  readonly name = 'interpreter'
  readonly description = 'interpreter of kernels on the host, one program after another'
  readonly capabilities: Capabilities
  readonly #options: InterpretOptions
  readonly #memoryLimit: number
  readonly #executables = new Map<string, Executable>()
  readonly #byKernel = new WeakMap<Kernel, Executable>()
  #lost: DeviceError | null = null
  #allocatedBytes = 0
  #liveBuffers = 0
  #peakBytes = 0
  #reservedBytes = 0

  constructor({ capabilities = {}, memoryLimit = Infinity, ...options }: InterpreterOptions = {}) {
    this.capabilities = { ...interpreterCapabilities, ...capabilities }
    this.#memoryLimit = memoryLimit
    this.#options = options
  }

  get lost(): DeviceError | null {
    return this.#lost
  }

  /** Makes the device unusable, as a driver that is reset does. */
  lose(reason: string): void {
    this.#lost ??= new DeviceError(`device '${this.name}' was lost: ${reason}; open it again`)
    this.#executables.clear()
  }

  close(): void {
    this.#lost ??= new DeviceError(`device '${this.name}' was closed; open it again`)
    this.#executables.clear()
  }

  allocate(byteLength: number): DeviceMemory {
    this.#requireOpen()
    checkByteLength(this.name, byteLength, this.capabilities.maxBufferBytes)
    const refuse = (cause?: unknown) =>
      new DeviceError(`device '${this.name}': no memory of ${byteLength} bytes; ${this.#reservedBytes} bytes in ${this.#liveBuffers} buffers are in use. Release what is not needed, or use smaller batches`, { cause })
    if (this.#reservedBytes + byteLength > this.#memoryLimit) throw refuse()
    let memory: InterpreterMemory
    try {
      memory = new InterpreterMemory(this, byteLength)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw refuse(error)
    }
    this.#liveBuffers++
    this.#reservedBytes += byteLength
    this.#allocatedBytes += byteLength
    this.#peakBytes = Math.max(this.#peakBytes, this.#allocatedBytes)
    return memory
  }

  released({ byteLength }: InterpreterMemory): void {
    this.#liveBuffers--
    this.#allocatedBytes -= byteLength
  }

  freed(memory: InterpreterMemory): void {
    this.#reservedBytes -= memory.byteLength
    memory.clear()
  }

  write(target: Binding, data: ArrayBufferView): void {
    this.#requireOpen()
    const place = this.#place(target)
    if (data.byteLength > place.byteLength)
      throw new DeviceError(`device '${this.name}': ${data.byteLength} bytes are written to a binding of ${place.byteLength}; make it large enough`)
    place.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }

  copy(target: Binding, source: Binding): void {
    this.#requireOpen()
    checkCopy(this.name, this.capabilities.alignment, target, source)
    this.#place(target).set(this.#place(source))
  }

  /** Everything enqueued has been done, so the copy is made at once: what is written later is not in it. */
  read(source: Binding): Promise<ArrayBuffer> {
    return new Promise((resolve) => {
      this.#requireOpen()
      resolve(this.#place(source).slice().buffer)
    })
  }

  view(source: Binding): Uint8Array {
    this.#requireOpen()
    return this.#place(source)
  }

  compile(kernel: Kernel): Executable {
    this.#requireOpen()
    const known = this.#byKernel.get(kernel)
    if (known) return known
    verify(kernel)
    checkKernel(this.name, this.capabilities, kernel)
    const key = kernelKey(kernel)
    const executable = this.#executables.get(key) ?? { kernel }
    this.#executables.set(key, executable)
    this.#byKernel.set(kernel, executable)
    return executable
  }

  enqueue(launch: Launch): void {
    this.#requireOpen()
    this.#run(launch, this.#check(launch))
  }

  record(launches: readonly Launch[]): Recording {
    this.#requireOpen()
    const prepared = launches.map((launch) => {
      const own = { ...launch, grid: [...launch.grid], parameters: [...launch.parameters], buffers: launch.buffers.map((binding) => ({ ...binding })) }
      return { launch: own, checked: this.#check(own) }
    })
    const memories = new Set(prepared.flatMap(({ launch }) => launch.buffers.map(({ memory }) => this.#own(memory))))
    for (const memory of memories) memory.hold()
    let isDisposed = false
    return {
      replay: () => {
        this.#requireOpen()
        if (isDisposed) throw new DeviceError(`device '${this.name}': a recording is replayed after it was disposed; record again`)
        for (const { launch, checked } of prepared) this.#run(launch, checked)
      },
      dispose: () => {
        if (isDisposed) return
        isDisposed = true
        for (const memory of memories) memory.letGo()
      },
    }
  }

  synchronize(): Promise<void> {
    return new Promise((resolve) => {
      this.#requireOpen()
      resolve()
    })
  }

  statistics(): DeviceStatistics {
    this.#requireOpen()
    return {
      allocatedBytes: this.#allocatedBytes,
      liveBuffers: this.#liveBuffers,
      peakBytes: this.#peakBytes,
      reservedBytes: this.#reservedBytes,
      compiledKernels: this.#executables.size,
    }
  }

  #check(launch: Launch): CheckedLaunch {
    const { kernel } = launch.executable
    if (this.#byKernel.get(kernel) !== launch.executable) throw new DeviceError(`device '${this.name}': kernel '${kernel.name}' was not compiled by this device; compile it here`)
    const checked = checkLaunch(this.name, this.capabilities.alignment, launch)
    for (const { memory } of launch.buffers) this.#requireAlive(memory)
    return checked
  }

  #run({ executable: { kernel }, grid, buffers }: Launch, { numPrograms, parameters }: CheckedLaunch): void {
    if (numPrograms === 0) return
    const memory = kernel.buffers.map(({ name, scalar }, k) => {
      const binding = buffers[k]
      if (!binding) throw new DeviceError(`device '${this.name}': buffer '${name}' has no binding`)
      return [name, new views[scalar](this.#own(binding.memory).bytes, binding.byteOffset, binding.byteLength / bytesPerElement[scalar])] as const
    })
    const numbers = kernel.parameters.map(({ name }, k) => [name, parameters[k] ?? 0] as const)
    interpret(kernel, { grid, parameters: Object.fromEntries(numbers), buffers: Object.fromEntries(memory) }, this.#options)
  }

  #place(binding: Binding): Uint8Array<ArrayBuffer> {
    const memory = this.#requireAlive(binding.memory)
    checkBinding(this.name, this.capabilities.alignment, binding)
    return new Uint8Array(memory.bytes, binding.byteOffset, binding.byteLength)
  }

  #requireAlive(memory: DeviceMemory): InterpreterMemory {
    const own = this.#own(memory)
    if (own.isReleased) throw new DeviceError(`device '${this.name}': memory of ${memory.byteLength} bytes is used after it was released; release it later`)
    return own
  }

  #own(memory: DeviceMemory): InterpreterMemory {
    if (memory instanceof InterpreterMemory && memory.owner === this) return memory
    throw new DeviceError(`device '${this.name}': memory belongs to another device; copy it through the host`)
  }

  #requireOpen(): void {
    if (this.#lost) throw this.#lost
  }
}
