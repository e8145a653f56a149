import { type BackendDevice, type Binding, type Capabilities, checkBinding, checkByteLength, checkCopy, checkKernel, checkLaunch, DeviceError, type DeviceMemory, type DeviceStatistics, type Executable, InternalError, KernelCache, type Launch, type MemoryOwner, type Recording } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import type { DeviceHandle, DeviceProperties, Driver, EventHandle, ExecutableGraphHandle, StreamHandle } from '../native/driver.ts'
import { type IndexBits, printPtx, withMinBlocks } from '../ptx/index.ts'
import { branchesOf } from './branches.ts'
import { capabilitiesOf } from './capabilities.ts'
import { CudaExecutable, type LoadedKernel, type PreparedLaunch, prepareLaunch } from './executable.ts'
import type { ImageStore } from './image-store.ts'
import { CudaMemory } from './memory.ts'
import { blocksToAskFor } from './occupancy.ts'
import { resourcesOf } from './resources.ts'

export interface CudaDeviceOptions {
  readonly ordinal: number
  /** Most bytes that it gives out. */
  readonly maxBytes: number
  /** Where compiled code is kept for later processes. */
  readonly store: ImageStore | null
}

/** Streams of a recording. */
const numBranches = 6

/** An NVIDIA GPU: kernels as PTX, everything in one stream. */
export class CudaDevice implements BackendDevice, MemoryOwner {
  readonly name: string
  readonly description: string
  readonly capabilities: Capabilities
  readonly properties: DeviceProperties
  readonly #driver: Driver
  readonly #handle: DeviceHandle
  readonly #stream: StreamHandle
  readonly #options: CudaDeviceOptions
  /** Of recordings, beside the stream of everything. */
  readonly #branches: StreamHandle[] = []
  readonly #executables = new KernelCache<CudaExecutable>()
  #lost: DeviceError | null = null
  #allocatedBytes = 0
  #liveBuffers = 0
  #peakBytes = 0

  constructor(driver: Driver, handle: DeviceHandle, options: CudaDeviceOptions) {
    this.#driver = driver
    this.#handle = handle
    this.#options = options
    this.name = `cuda:${options.ordinal}`
    this.properties = driver.properties(options.ordinal)
    this.#stream = driver.createStream(handle)
    this.capabilities = capabilitiesOf(this.properties)
    const { name, major, minor, numMultiprocessors, totalBytes } = this.properties
    const version = driver.driverVersion()
    const cuda = `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`
    this.description = `${name}, sm_${major}${minor}, ${numMultiprocessors} multiprocessors, ${(totalBytes / 2 ** 30).toFixed(0)} GiB, driver for CUDA ${cuda}`
  }

  get lost(): DeviceError | null {
    if (this.#lost) return this.#lost
    const fault = this.#driver.lost(this.#handle)
    if (fault) this.lose(fault.message, fault)
    return this.#lost
  }

  /** Makes the device unusable, as what cannot be undone does. */
  lose(reason: string, cause?: unknown): void {
    this.#end(new DeviceError(`device '${this.name}' was lost: ${reason}; open it again`, { cause }))
  }

  close(): void {
    this.#end(new DeviceError(`device '${this.name}' was closed; open it again`))
  }

  allocate(byteLength: number): DeviceMemory {
    this.#requireOpen()
    checkByteLength(this.name, byteLength, this.capabilities.maxBufferBytes)
    const memory = new CudaMemory(this, this.#take(byteLength), byteLength)
    this.#liveBuffers++
    this.#allocatedBytes += byteLength
    this.#peakBytes = Math.max(this.#peakBytes, this.#allocatedBytes)
    return memory
  }

  released({ byteLength }: CudaMemory): void {
    this.#liveBuffers--
    this.#allocatedBytes -= byteLength
  }

  freed({ address }: CudaMemory): void {
    if (!this.#lost) this.#driver.release(address)
  }

  write(target: Binding, data: ArrayBufferView): void {
    this.#requireOpen()
    const address = this.#addressOf(target)
    if (data.byteLength > target.byteLength)
      throw new DeviceError(`device '${this.name}': ${data.byteLength} bytes are written to a binding of ${target.byteLength}; make it large enough`)
    if (data.byteLength > 0)
      this.#call(() => {
        this.#driver.write(this.#stream, address, data)
      })
  }

  copy(target: Binding, source: Binding): void {
    this.#requireOpen()
    checkCopy(this.name, this.capabilities.alignment, target, source)
    const [to, from] = [this.#alive(target.memory).address + target.byteOffset, this.#alive(source.memory).address + source.byteOffset]
    if (source.byteLength > 0)
      this.#call(() => {
        this.#driver.copy(this.#stream, to, from, source.byteLength)
      })
  }

  async read(source: Binding): Promise<ArrayBuffer> {
    this.#requireOpen()
    const address = this.#addressOf(source)
    if (source.byteLength === 0) return new ArrayBuffer(0)
    return this.#wait(this.#call(() => this.#driver.read(this.#stream, address, source.byteLength)))
  }

  compile(kernel: kernels.Kernel): Executable {
    this.#requireOpen()
    return this.#executables.get(kernel, () => {
      checkKernel(this.name, this.capabilities, kernel)
      const resources = (loaded: LoadedKernel) => {
        this.#requireOpen()
        return this.#call(() => resourcesOf(this.#driver, loaded))
      }
      const begin = (bits: IndexBits) => {
        const end = this.#call(() => this.#begin(kernel, bits))
        return () => this.#call(end)
      }
      return new CudaExecutable(kernel, begin, resources)
    })
  }

  enqueue(launch: Launch): void {
    this.#requireOpen()
    const prepared = this.#prepare(launch)
    if (prepared)
      this.#call(() => {
        this.#launch(prepared)
      })
  }

  record(launches: readonly Launch[]): Recording {
    this.#requireOpen()
    // Everything is checked, and compiled, before the first launch is captured.
    const prepared = launches.filter((launch) => this.#prepare(launch) !== null)
    const memories = new Set(launches.flatMap(({ buffers }) => buffers.map(({ memory }) => this.#alive(memory))))
    const graph = prepared.length === 0 ? null : this.#call(() => this.#capture(prepared))
    for (const memory of memories) memory.hold()
    let isDisposed = false
    return {
      replay: () => {
        this.#requireOpen()
        if (isDisposed) throw new DeviceError(`device '${this.name}': a recording is replayed after it was disposed; record again`)
        if (graph !== null)
          this.#call(() => {
            this.#driver.launchGraph(this.#stream, graph)
          })
      },
      dispose: () => {
        if (isDisposed) return
        isDisposed = true
        if (graph !== null && !this.#lost) this.#driver.destroyExecutableGraph(graph)
        for (const memory of memories) memory.letGo()
      },
    }
  }

  async synchronize(): Promise<void> {
    this.#requireOpen()
    await this.#wait(this.#call(() => this.#driver.synchronize(this.#stream)))
  }

  statistics(): DeviceStatistics {
    this.#requireOpen()
    const { reservedBytes } = this.#driver.statistics(this.#handle)
    return {
      allocatedBytes: this.#allocatedBytes,
      liveBuffers: this.#liveBuffers,
      peakBytes: this.#peakBytes,
      reservedBytes,
      compiledKernels: this.#executables.size,
    }
  }

  /** Milliseconds that the device takes for what `run` enqueues, between two events. */
  async measure(run: () => void): Promise<number> {
    this.#requireOpen()
    const [start, end] = [this.#driver.createEvent(this.#handle, true), this.#driver.createEvent(this.#handle, true)]
    try {
      this.#driver.recordEvent(this.#stream, start)
      run()
      this.#driver.recordEvent(this.#stream, end)
      await this.synchronize()
      return this.#driver.elapsed(start, end)
    } finally {
      if (!this.#lost) for (const event of [start, end]) this.#driver.destroyEvent(event)
    }
  }

  /** Begins to load a kernel: its text is compiled in a thread while the host goes on. What it gives waits for the end of that. */
  #begin(kernel: kernels.Kernel, bits: IndexBits): () => LoadedKernel {
    const { store } = this.#options
    const own = printPtx(kernel, bits)
    // Where programs are blocks, memory is waited for: more of them at the same time are better, as long as nothing spills.
    const blocks = blocksToAskFor(this.properties, own)
    const key = `${this.#driver.driverVersion()} sm_${this.properties.major}${this.properties.minor} ${blocks.join()}\n${own.text}`
    const known = store?.read(key) ?? null
    const compilation = known ? null : this.#driver.beginCompile(this.#handle, [...blocks.map((count) => withMinBlocks(own.text, count)), own.text], own.name)
    return () => {
      const image = compilation === null ? known : this.#driver.endCompile(compilation).image
      if (!image) throw new InternalError(`kernel '${kernel.name}' has no code`)
      if (compilation !== null) store?.write(key, image)
      const module = this.#driver.loadModule(this.#handle, image)
      const f = this.#driver.getFunction(module, own.name)
      if (own.sharedBytes > this.properties.sharedBytesPerBlock) this.#driver.allowSharedBytes(f, own.sharedBytes)
      const bytes = new ArrayBuffer(own.entry.byteLength)
      return { ...own, f, bytes, view: new DataView(bytes) }
    }
  }

  /** `null` where nothing runs. */
  #prepare(launch: Launch): PreparedLaunch | null {
    const executable = this.#own(launch.executable)
    const checked = checkLaunch(this.name, this.capabilities.alignment, launch)
    for (const { memory } of launch.buffers) this.#alive(memory)
    return checked.numPrograms === 0 ? null : prepareLaunch(this.name, executable, launch, checked)
  }

  #launch({ kernel: { f, shape, bytes, sharedBytes }, blocks }: PreparedLaunch, stream = this.#stream): void {
    this.#driver.launch(stream, f, blocks, 1, 1, shape.threads * shape.programs, sharedBytes, bytes, 0, bytes.byteLength)
  }

  /** Launches that do not depend on each other become branches of the graph, by way of streams that join the capture. */
  #capture(launches: readonly Launch[]): ExecutableGraphHandle {
    const branches = branchesOf(launches, numBranches)
    const events = new Map<number, EventHandle>()
    const mark = (stream: StreamHandle, key: number): EventHandle => {
      const event = this.#driver.createEvent(this.#handle, false)
      events.set(key, event)
      this.#driver.recordEvent(stream, event)
      return event
    }
    const streams = [this.#stream]
    this.#driver.beginCapture(this.#stream)
    let graph
    try {
      for (const [k, launch] of launches.entries()) {
        const { stream: number, waits, isAwaited } = branches[k] ?? { stream: 0, waits: [], isAwaited: false }
        const stream = (streams[number] ??= this.#joined(number, () => mark(this.#stream, -1 - number)))
        for (const before of waits) this.#driver.waitEvent(stream, events.get(before) ?? 0)
        const prepared = this.#prepare(launch)
        if (prepared) this.#launch(prepared, stream)
        if (isAwaited) mark(stream, k)
      }
      for (const [number, stream] of streams.entries()) if (number > 0) this.#driver.waitEvent(this.#stream, mark(stream, launches.length + number))
    } finally {
      graph = this.#driver.endCapture(this.#stream)
      for (const event of events.values()) this.#driver.destroyEvent(event)
    }
    try {
      return this.#driver.instantiate(graph)
    } finally {
      this.#driver.destroyGraph(graph)
    }
  }

  /** Another stream, in the capture from here on. */
  #joined(number: number, start: () => EventHandle): StreamHandle {
    const stream = (this.#branches[number] ??= this.#driver.createStream(this.#handle))
    this.#driver.waitEvent(stream, start())
    return stream
  }

  #take(byteLength: number): number {
    const { maxBytes } = this.#options
    const text = `${this.#allocatedBytes} bytes in ${this.#liveBuffers} buffers are in use`
    if (this.#allocatedBytes + byteLength > maxBytes)
      throw new DeviceError(`device '${this.name}': no memory of ${byteLength} bytes; ${text} of ${maxBytes} that it may give out. Release what is not needed, or split the batch`)
    // What is empty has an address, too.
    return this.#call(
      () => this.#driver.allocate(this.#stream, Math.max(1, byteLength)),
      (message) => `no memory of ${byteLength} bytes; ${text}. ${message}`,
    )
  }

  #addressOf(binding: Binding): number {
    const { address } = this.#alive(binding.memory)
    checkBinding(this.name, this.capabilities.alignment, binding)
    return address + binding.byteOffset
  }

  #own(executable: Executable): CudaExecutable {
    if (executable instanceof CudaExecutable && this.#executables.known(executable.kernel) === executable) return executable
    throw new DeviceError(`device '${this.name}': kernel '${executable.kernel.name}' was not compiled by this device; compile it here`)
  }

  #alive(memory: DeviceMemory): CudaMemory {
    if (!(memory instanceof CudaMemory) || memory.owner !== this) throw new DeviceError(`device '${this.name}': memory belongs to another device; copy it through the host`)
    if (memory.isReleased) throw new DeviceError(`device '${this.name}': memory of ${memory.byteLength} bytes is used after it was released; release it later`)
    return memory
  }

  /** A call of the driver; its errors name the device. */
  #call<T>(act: () => T, describe: (message: string) => string = (message) => message): T {
    try {
      return act()
    } catch (error) {
      throw this.#errorOf(error, describe)
    }
  }

  async #wait<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise
    } catch (error) {
      throw this.#errorOf(error, (message) => message)
    }
  }

  #errorOf(error: unknown, describe: (message: string) => string): DeviceError {
    const { lost } = this
    if (lost) return lost
    return new DeviceError(`device '${this.name}': ${describe(error instanceof Error ? error.message : String(error))}`, { cause: error })
  }

  #requireOpen(): void {
    const { lost } = this
    if (lost) throw lost
  }

  #end(error: DeviceError): void {
    if (this.#lost) return
    this.#lost = error
    this.#driver.close(this.#handle)
  }
}
