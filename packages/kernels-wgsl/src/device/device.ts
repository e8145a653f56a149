import { type BackendDevice, type Binding, type Capabilities, checkBinding, checkByteLength, checkCopy, checkKernel, checkLaunch, checkWidth, DeviceError, type DeviceMemory, type DeviceStatistics, type Executable, InputError, KernelCache, type Launch, type MemoryOwner, type Recording } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import { capabilitiesOf, subgroupSizeOf } from './capabilities.ts'
import { Commands } from './commands.ts'
import { type Dispatch, dispatchOf } from './dispatch.ts'
import { PipelineMaker, WebgpuExecutable } from './executable.ts'
import { bufferUsage, deviceName, messageOf, refusal } from './gpu.ts'
import { WebgpuMemory } from './memory.ts'
import { type Block, blockOf, BufferPool, outOfMemory } from './pool.ts'
import { layoutUniforms, RecordedCommands } from './recording.ts'

const usage = bufferUsage.storage | bufferUsage.uniform | bufferUsage.copySource | bufferUsage.copyTarget
/** Buffers of a kernel, put together where the device binds fewer. */
const maxBuffersOfKernel = 64
/** Bytes that are moved are whole words. */
const word = 4

export interface WebgpuDeviceOptions {
  /** Most bytes of memory. */
  readonly maxBytes: number
  /** What people shall read of it. */
  readonly description: string
  /** Invocations that run in step; what the adapter says, unless told. */
  readonly subgroupSize?: number | undefined
  /** Whether closing it destroys the `GPUDevice`. */
  readonly isOwn: boolean
}

/** What a device did so far, beside what the contract asks. */
export interface WebgpuStatistics extends DeviceStatistics {
  /** Times that work was handed to the graphics card. */
  readonly submits: number
  /** Characters of all shader modules. */
  readonly codeLength: number
}

/** Kernels as WGSL on a graphics card, through WebGPU. */
export class WebgpuDevice implements BackendDevice, MemoryOwner {
  readonly name = deviceName
  readonly description: string
  readonly capabilities: Capabilities
  /** The device of WebGPU itself, for pages that draw what was computed. */
  readonly gpuDevice: GPUDevice
  readonly #options: WebgpuDeviceOptions
  readonly #commands: Commands
  readonly #pool: BufferPool
  readonly #maker: PipelineMaker
  readonly #executables = new KernelCache<WebgpuExecutable>()
  readonly #own: WebgpuExecutable[] = []
  readonly #uniformAlignment: number
  /** What is bound where a buffer has no bytes: a part for each buffer of a kernel. */
  readonly #nothing: Block
  #lost: DeviceError | null = null
  #outOfMemory: DeviceError | null = null
  #allocatedBytes = 0
  #liveBuffers = 0
  #peakBytes = 0

  /** Made by `createWebgpu`. */
  constructor(device: GPUDevice, options: WebgpuDeviceOptions) {
    this.gpuDevice = device
    this.#options = options
    this.description = options.description
    this.capabilities = capabilitiesOf(device)
    this.#commands = new Commands(device, (error) => {
      this.#end(error instanceof DeviceError ? error : refusal(`${messageOf(error)}; open it again`, error))
    })
    this.#pool = new BufferPool(
      (size) => this.#createBuffer(size),
      (block) => {
        this.#commands.perform(() => {
          this.#commands.drop(block)
        })
      },
      { largest: this.capabilities.maxBufferBytes, maxBytes: options.maxBytes },
    )
    this.#maker = new PipelineMaker(device, options.subgroupSize ?? subgroupSizeOf(device))
    this.#uniformAlignment = device.limits.minUniformBufferOffsetAlignment
    this.#nothing = blockOf(device.createBuffer({ label: 'nothing', size: this.capabilities.alignment * maxBuffersOfKernel, usage }))
    device.onuncapturederror = ({ error }) => {
      // What follows from memory that was not there is no news.
      this.#end(this.#outOfMemory ?? refusal(`WebGPU refuses: ${error.message}; open it again`, error))
    }
    void device.lost.then(({ message, reason }) => {
      this.#end(refusal(`was lost (${message === '' ? reason : message}); open it again`))
    })
  }

  get lost(): DeviceError | null {
    return this.#lost
  }

  /** Makes the device unusable, as a driver that is reset does: for tests. */
  lose(reason: string): void {
    this.#end(refusal(`was lost: ${reason}; open it again`))
  }

  close(): void {
    this.#end(refusal('was closed; open it again'))
  }

  allocate(byteLength: number): DeviceMemory {
    this.#requireOpen()
    checkByteLength(deviceName, byteLength, this.capabilities.maxBufferBytes)
    const block = this.#take(byteLength)
    const memory = new WebgpuMemory(this, block, byteLength)
    this.#liveBuffers++
    this.#allocatedBytes += byteLength
    this.#peakBytes = Math.max(this.#peakBytes, this.#allocatedBytes)
    return memory
  }

  /**
   * Memory that is a buffer of the page, all of it; whoever made the buffer destroys it. Work that the page submits itself comes in the order
   * of submission: call {@link submit} before.
   *
   * @throws {InputError} if the buffer does not allow what kernels do with it.
   */
  wrapBuffer(buffer: GPUBuffer): DeviceMemory {
    this.#requireOpen()
    const wanted = { STORAGE: bufferUsage.storage, COPY_SRC: bufferUsage.copySource, COPY_DST: bufferUsage.copyTarget }
    const missing = Object.entries(wanted).flatMap(([name, flag]) => ((buffer.usage & flag) === 0 ? [`GPUBufferUsage.${name}`] : []))
    if (missing.length > 0) throw new InputError(`wrapBuffer: the buffer${buffer.label === '' ? '' : ` '${buffer.label}'`} was made without ${missing.join(', ')}; add it to its usage`)
    checkByteLength(deviceName, buffer.size, this.capabilities.maxBufferBytes)
    this.#liveBuffers++
    this.#allocatedBytes += buffer.size
    return new WebgpuMemory(this, blockOf(buffer), buffer.size, true)
  }

  /**
   * The buffer behind memory, for passes of the page. It is larger than the memory, and goes back with it.
   *
   * @throws {DeviceError} if the memory is not the device's.
   */
  gpuBuffer(memory: DeviceMemory): GPUBuffer {
    this.#requireOpen()
    return this.#alive(memory).block.buffer
  }

  /** Hands everything so far to the graphics card now, and not when the caller lets go of the thread. Resolves when pipelines were ready for it. */
  submit(): Promise<void> {
    this.#requireOpen()
    return this.#commands.whileOpen((resolve) => {
      this.#commands.perform(() => {
        this.#commands.flush()
        resolve()
      })
    })
  }

  released({ byteLength }: WebgpuMemory): void {
    this.#liveBuffers--
    this.#allocatedBytes -= byteLength
  }

  freed({ block, isForeign }: WebgpuMemory): void {
    if (!isForeign) this.#pool.give(block)
  }

  write(target: Binding, data: ArrayBufferView): void {
    this.#requireOpen()
    const { block } = this.#alive(target.memory)
    checkBinding(deviceName, this.capabilities.alignment, target)
    const { byteLength } = data
    if (byteLength > target.byteLength) throw refusal(`${byteLength} bytes are written to a binding of ${target.byteLength}; make it large enough`)
    if (byteLength % word !== 0) throw refusal(`${byteLength} bytes are written, but memory is written in words of ${word} bytes; pad the data`)
    if (byteLength === 0) return
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, byteLength)
    const kept = this.#commands.isWaiting ? bytes.slice() : bytes
    this.#commands.perform(() => {
      this.#commands.write(block, target.byteOffset, kept)
    })
  }

  copy(target: Binding, source: Binding): void {
    this.#requireOpen()
    const [to, from] = [this.#alive(target.memory).block, this.#alive(source.memory).block]
    checkCopy(deviceName, this.capabilities.alignment, target, source)
    if (to.buffer === from.buffer) throw refusal('a copy goes to the buffer that it comes from; take other memory')
    const { byteLength } = source
    if (byteLength % word !== 0) throw refusal(`${byteLength} bytes are copied, but memory is copied in words of ${word} bytes; pad the memory`)
    if (byteLength > 0)
      this.#commands.perform(() => {
        this.#commands.copy({ block: to, byteOffset: target.byteOffset }, { block: from, byteOffset: source.byteOffset, byteLength })
      })
  }

  async read(source: Binding): Promise<ArrayBuffer> {
    this.#requireOpen()
    const { block } = this.#alive(source.memory)
    checkBinding(deviceName, this.capabilities.alignment, source)
    const { byteOffset, byteLength } = source
    if (byteLength === 0) return new ArrayBuffer(0)
    const bytes = await this.#commands.whileOpen<ArrayBuffer>((resolve) => {
      this.#commands.perform(() => {
        this.#commands.read(block, byteOffset, Math.ceil(byteLength / word) * word, resolve)
      })
    })
    return bytes.byteLength === byteLength ? bytes : bytes.slice(0, byteLength)
  }

  compile(kernel: kernels.Kernel): Executable {
    this.#requireOpen()
    return this.#executables.get(kernel, () => {
      // What is read can be put together.
      checkKernel(deviceName, { ...this.capabilities, maxBuffers: maxBuffersOfKernel }, kernel)
      const { maxBuffers } = this.capabilities
      const numWritten = kernel.buffers.filter(({ access }) => access !== 'read').length
      const needed = numWritten + (numWritten < kernel.buffers.length ? 1 : 0)
      if (needed > maxBuffers) throw refusal(`kernel '${kernel.name}' writes ${numWritten} buffers, but the device binds ${maxBuffers}`)
      kernels.verify(kernel)
      const executable = new WebgpuExecutable(kernel, this.#maker)
      this.#own.push(executable)
      return executable
    })
  }

  enqueue(launch: Launch): void {
    this.#requireOpen()
    const dispatch = this.#dispatch(launch)
    if (!dispatch) return
    this.#commands.perform(() => {
      this.#commands.launch(dispatch)
    }, [dispatch.variant])
    // Whoever takes it next uses it later.
    if (dispatch.packing) this.#pool.give(dispatch.packing.block)
  }

  record(launches: readonly Launch[]): Recording {
    this.#requireOpen()
    const dispatches = launches.flatMap((launch) => this.#dispatch(launch) ?? [])
    const memories = new Set(launches.flatMap(({ buffers }) => buffers.map(({ memory }) => this.#alive(memory))))
    const { offsets, words } = layoutUniforms(dispatches, this.#uniformAlignment)
    const uniforms = this.#take(words.byteLength)
    this.#commands.perform(() => {
      if (words.length > 0) this.#commands.write(uniforms, 0, new Uint8Array(words.buffer))
    })
    for (const memory of memories) memory.hold()
    const commands = new RecordedCommands(this.gpuDevice, dispatches, offsets, uniforms)
    const variants = [...new Set(dispatches.map(({ variant }) => variant))]
    let isDisposed = false
    return {
      replay: () => {
        this.#requireOpen()
        if (isDisposed) throw refusal('a recording is replayed after it was disposed; record again')
        if (dispatches.length === 0) return
        this.#commands.perform(() => {
          this.#commands.replay(commands)
        }, variants)
      },
      dispose: () => {
        if (isDisposed) return
        isDisposed = true
        commands.dispose()
        this.#pool.give(uniforms)
        for (const { packing } of dispatches) if (packing) this.#pool.give(packing.block)
        for (const memory of memories) memory.letGo()
      },
    }
  }

  async synchronize(): Promise<void> {
    this.#requireOpen()
    await this.#commands.whileOpen<undefined>((resolve, reject) => {
      this.#commands.perform(() => {
        this.#commands.done().then(() => {
          resolve(undefined)
        }, reject)
      })
    })
  }

  /**
   * Milliseconds that the graphics card takes for what `run` enqueues, between two timestamps; pages see them in steps of 0.1 ms, so let it
   * enqueue much.
   *
   * @throws {DeviceError} if the device has no timestamps.
   */
  async measure(run: () => void): Promise<number> {
    this.#requireOpen()
    const device = this.gpuDevice
    if (!device.features.has('timestamp-query')) throw refusal("has no 'timestamp-query', so times on it are unknown; measure with the host's clock around synchronize()")
    const querySet = device.createQuerySet({ type: 'timestamp', count: 2 })
    const bytes = 16
    const buffer = blockOf(device.createBuffer({ label: 'timestamps', size: bytes, usage: bufferUsage.queryResolve | bufferUsage.copySource }))
    const mark = (entry: number) => {
      this.#commands.perform(() => {
        this.#commands.mark(querySet, entry)
      })
    }
    try {
      mark(0)
      run()
      mark(1)
      const times = await this.#commands.whileOpen<ArrayBuffer>((resolve) => {
        this.#commands.perform(() => {
          this.#commands.resolve(querySet, buffer)
          this.#commands.read(buffer, 0, bytes, resolve)
        })
      })
      const [start = 0n, end = 0n] = new BigUint64Array(times)
      return Number(end - start) / 1e6
    } finally {
      querySet.destroy()
      buffer.buffer.destroy()
    }
  }

  statistics(): WebgpuStatistics {
    this.#requireOpen()
    return {
      allocatedBytes: this.#allocatedBytes,
      liveBuffers: this.#liveBuffers,
      peakBytes: this.#peakBytes,
      reservedBytes: this.#pool.reservedBytes,
      compiledKernels: this.#executables.size,
      submits: this.#commands.numSubmits,
      codeLength: this.#own.reduce((sum, { codeLength }) => sum + codeLength, 0),
    }
  }

  #dispatch(launch: Launch): Dispatch | null {
    const executable = this.#executableOf(launch.executable)
    const checked = checkLaunch(deviceName, this.capabilities.alignment, launch)
    checkWidth(deviceName, launch, checked)
    for (const { memory } of launch.buffers) this.#alive(memory)
    const { alignment, maxBuffers, maxBufferBytes, maxBindingBytes = maxBufferBytes } = this.capabilities
    return dispatchOf(executable, launch, checked, {
      maxVariables: maxBuffers,
      maxBindingBytes,
      nothing: (buffer) => ({ block: this.#nothing, byteOffset: buffer * alignment, byteLength: alignment }),
      take: (byteLength) => this.#take(byteLength),
    })
  }

  #take(byteLength: number): Block {
    const block = this.#pool.take(byteLength)
    if (block) return block
    throw outOfMemory(byteLength, { allocatedBytes: this.#allocatedBytes, liveBuffers: this.#liveBuffers, reservedBytes: this.#pool.reservedBytes })
  }

  /** Whether the graphics card has so much turns out later; the device ends then, with an error that says so. */
  #createBuffer(size: number): GPUBuffer {
    const { allocatedBytes, liveBuffers, reservedBytes } = this.statistics()
    this.gpuDevice.pushErrorScope('out-of-memory')
    const buffer = this.gpuDevice.createBuffer({ size, usage })
    void this.gpuDevice.popErrorScope().then(
      (error) => {
        if (!error) return
        this.#outOfMemory = outOfMemory(size, { allocatedBytes, liveBuffers, reservedBytes })
        this.#end(this.#outOfMemory)
      },
      () => undefined,
    )
    return buffer
  }

  #executableOf(executable: Executable): WebgpuExecutable {
    if (executable instanceof WebgpuExecutable && this.#executables.known(executable.kernel) === executable) return executable
    throw refusal(`kernel '${executable.kernel.name}' was not compiled by this device; compile it here`)
  }

  #alive(memory: DeviceMemory): WebgpuMemory {
    if (!(memory instanceof WebgpuMemory) || memory.owner !== this) throw refusal('memory belongs to another device; copy it through the host')
    if (memory.isReleased) throw refusal(`memory of ${memory.byteLength} bytes is used after it was released; release it later`)
    return memory
  }

  #requireOpen(): void {
    if (this.#lost) throw this.#lost
  }

  #end(error: DeviceError): void {
    if (this.#lost) return
    this.#lost = error
    this.#commands.end(error)
    // Later: this may be a callback of WebGPU from inside of a call, where Dawn would wait for itself.
    if (this.#options.isOwn) setTimeout(() => this.gpuDevice.destroy(), 0)
  }
}
