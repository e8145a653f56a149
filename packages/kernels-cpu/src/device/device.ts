import { type BackendDevice, type Binding, type Capabilities, checkBinding, checkByteLength, checkCopy, checkKernel, checkLaunch, checkWidth, type CodeStore, DeviceError, type DeviceMemory, type DeviceStatistics, type Executable, KernelCache, type Launch, type MemoryOwner, type Recording } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { sharedBytes } from '../wasm/index.ts'
import type { Block } from './allocator.ts'
import { divide, divideSequence } from './division.ts'
import { CpuExecutable, type Job, writeArguments } from './executable.ts'
import { LinearMemory, maxPages } from './linear-memory.ts'
import { CpuMemory } from './memory.ts'
import { loadModule, storedLength, storeModule } from './module.ts'
import { ThreadPool } from './thread-pool.ts'
import { controlLength, type ThreadFault } from './worker.ts'

const name = 'cpu'
const alignment = 16
const maxSharedBytes = 65536
/** Of each thread, for arrays that the lanes of a program share and what may be read behind each of them. */
const scratchBytes = maxSharedBytes + 128 * 64

/** Threads of devices that nobody has any more, though nobody closed them. */
const abandoned = new FinalizationRegistry<ThreadPool>((pool) => pool.close())

export interface CpuDeviceOptions {
  /** Threads that run programs, the calling one included. */
  readonly threads: number
  /** Whether `fma` may be that of relaxed SIMD. */
  readonly relaxedSimd: boolean
  /** Most bytes that its memory may grow to. */
  readonly maxBytes: number
  /** Why there is one thread only. */
  readonly reason: string | null
  /** Where code is kept for later processes. */
  readonly store: CodeStore | null
  /** How a test wants its threads to die. */
  readonly threadFault: ThreadFault | null
}

/** Kernels as WebAssembly on this machine's processor. Everything that is enqueued is done when the call returns. */
export class CpuDevice implements BackendDevice, MemoryOwner {
  readonly name = name
  readonly capabilities: Capabilities
  readonly #options: CpuDeviceOptions
  readonly #memory: LinearMemory
  readonly #scratch: readonly number[]
  readonly #pool: ThreadPool | null
  readonly #executables = new KernelCache<CpuExecutable>()
  #lost: DeviceError | null = null
  #refusesNext = false
  #allocatedBytes = 0
  #liveBuffers = 0
  #peakBytes = 0

  /** @throws {DeviceError} if the host has no memory for it. */
  constructor(options: CpuDeviceOptions) {
    const { threads, maxBytes, threadFault } = options
    this.#options = options
    this.#memory = new LinearMemory({ isShared: threads > 1, maxBytes })
    this.#scratch = Array.from({ length: threads }, () => this.#take(scratchBytes).address)
    this.#pool = threads > 1 ? new ThreadPool(this.#memory, this.#take(4 * controlLength(threads)).address, threads, threadFault) : null
    if (this.#pool) abandoned.register(this, this.#pool, this)
    this.capabilities = {
      floats: ['f32', 'f64'],
      lanes: 'simd',
      vectorBytes: 16,
      registers: 16,
      maxLanes: 1024,
      maxSharedBytes,
      maxBuffers: 64,
      maxBufferBytes: this.#memory.maxBlockBytes,
      alignment,
      parallelism: threads,
      floatAtomics: true,
      matrixUnits: [],
    }
  }

  get description(): string {
    const { threads, relaxedSimd } = this.#options
    const refusal = this.#pool?.refusal ?? null
    const reason = refusal ?? this.#options.reason
    const multiplyAdd = relaxedSimd ? 'with relaxed multiply-add' : 'without relaxed multiply-add'
    const count = refusal === null ? `${threads}` : `${this.#pool?.numRunning ?? 1} of ${threads}`
    return `WebAssembly SIMD ${multiplyAdd} on ${count} thread${threads === 1 ? '' : 's'}${reason === null ? '' : ` (${reason})`}`
  }

  /** Starts the threads now, not when they are first of use, and gives the number of those that run after a while, the calling one included. */
  async startThreads(timeoutMs = 1000): Promise<number> {
    this.#requireOpen()
    const pool = this.#pool
    if (!pool) return 1
    pool.start()
    const end = performance.now() + timeoutMs
    while (pool.numRunning < pool.numExpected && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 2))
    return pool.numRunning
  }

  get lost(): DeviceError | null {
    return this.#lost
  }

  /** Makes the device unusable, as what cannot be undone does. */
  lose(reason: string, cause?: unknown): void {
    this.#end(new DeviceError(`device '${name}' was lost: ${reason}; open it again`, { cause }))
  }

  /** Makes the next allocation fail as if there were no memory: for tests. */
  refuseNext(): void {
    this.#refusesNext = true
  }

  close(): void {
    this.#end(new DeviceError(`device '${name}' was closed; open it again`))
  }

  allocate(byteLength: number): DeviceMemory {
    this.#requireOpen()
    checkByteLength(name, byteLength, this.capabilities.maxBufferBytes)
    const memory = new CpuMemory(this, this.#take(byteLength), byteLength)
    this.#liveBuffers++
    this.#allocatedBytes += byteLength
    this.#peakBytes = Math.max(this.#peakBytes, this.#allocatedBytes)
    return memory
  }

  released({ byteLength }: CpuMemory): void {
    this.#liveBuffers--
    this.#allocatedBytes -= byteLength
  }

  freed({ block }: CpuMemory): void {
    this.#memory.give(block)
  }

  write(target: Binding, data: ArrayBufferView): void {
    this.#requireOpen()
    const place = this.#place(target)
    if (data.byteLength > place.byteLength)
      throw new DeviceError(`device '${name}': ${data.byteLength} bytes are written to a binding of ${place.byteLength}; make it large enough`)
    place.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }

  copy(target: Binding, source: Binding): void {
    this.#requireOpen()
    checkCopy(name, alignment, target, source)
    this.#place(target).set(this.#place(source))
  }

  async read(source: Binding): Promise<ArrayBuffer> {
    this.#requireOpen()
    const place = this.#place(source)
    const copy = new Uint8Array(place.length)
    copy.set(place)
    return copy.buffer
  }

  view(source: Binding): Uint8Array {
    this.#requireOpen()
    return this.#place(source)
  }

  compile(kernel: kernels.Kernel): Executable {
    this.#requireOpen()
    return this.#executables.get(kernel, () => this.#make(kernel))
  }

  enqueue(launch: Launch): void {
    this.#requireOpen()
    const executable = this.#own(launch.executable)
    this.#run(this.#prepare(launch, executable, executable.ownArguments.address))
  }

  record(launches: readonly Launch[]): Recording {
    this.#requireOpen()
    const executables = launches.map(({ executable }) => this.#own(executable))
    const sizes = executables.map(({ layout }) => layout.byteLength * this.#options.threads)
    const block = this.#take(sizes.reduce((sum, size) => sum + size, 0))
    let end = block.address
    let jobs: readonly Job[]
    try {
      jobs = executables.flatMap((executable, k) => {
        const launch = launches[k]
        const args = end
        end += sizes[k] ?? 0
        const job = launch && this.#prepare(launch, executable, args)
        return job && job.numPrograms > 0 ? [job] : []
      })
    } catch (error) {
      this.#memory.give(block)
      throw error
    }
    const memories = new Set(launches.flatMap(({ buffers }) => buffers.map(({ memory }) => this.#alive(memory))))
    for (const memory of memories) memory.hold()
    const sequence = divideSequence(jobs)
    let isDisposed = false
    return {
      replay: () => {
        this.#requireOpen()
        if (isDisposed) throw new DeviceError(`device '${name}': a recording is replayed after it was disposed; record again`)
        for (const job of sequence) this.#run(job)
      },
      dispose: () => {
        if (isDisposed) return
        isDisposed = true
        this.#memory.give(block)
        for (const memory of memories) memory.letGo()
      },
    }
  }

  async synchronize(): Promise<void> {
    this.#requireOpen()
  }

  statistics(): DeviceStatistics {
    this.#requireOpen()
    return {
      allocatedBytes: this.#allocatedBytes,
      liveBuffers: this.#liveBuffers,
      peakBytes: this.#peakBytes,
      reservedBytes: this.#memory.byteLength,
      compiledKernels: this.#executables.size,
    }
  }

  #make(kernel: kernels.Kernel): CpuExecutable {
    checkKernel(name, this.capabilities, kernel)
    if (sharedBytes(kernel) > scratchBytes) throw new DeviceError(`device '${name}': kernel '${kernel.name}' shares too many arrays in a program; use fewer`)
    const { relaxedSimd, threads, store } = this.#options
    const { bytes, run } = loadModule(kernel, { relaxedMultiplyAdd: relaxedSimd, sharedMemory: threads > 1, maxPages }, this.#memory.memory, store)
    let moduleAddress = 0
    if (threads > 1) {
      const block = this.#take(storedLength(bytes))
      storeModule(bytes, block, this.#memory)
      moduleAddress = block.address
    }
    return new CpuExecutable(kernel, { run, moduleAddress }, ({ byteLength }) => this.#take(byteLength * threads))
  }

  #prepare(launch: Launch, executable: CpuExecutable, args: number): Job {
    const checked = checkLaunch(name, alignment, launch)
    checkWidth(name, launch, checked)
    for (const { memory } of launch.buffers) this.#alive(memory)
    const { threads } = this.#options
    writeArguments(this.#memory, executable, launch, checked, { args, scratch: this.#scratch, threads })
    const { code, kernel, layout } = executable
    const { numPrograms, chunk, work, wakes } = divide(launch, checked, threads)
    // Field by field: an object of spreads takes longer than the launch of a small kernel.
    return { kernelName: kernel.name, run: code.run, moduleAddress: code.moduleAddress, args, stride: layout.byteLength, numPrograms, chunk, work, wakes }
  }

  #run(job: Job): void {
    if (job.numPrograms === 0) return
    const pool = job.chunk < job.numPrograms ? this.#pool : null
    try {
      if (job.wakes) pool?.start()
      if (pool && (job.wakes || pool.hasCompany)) pool.run(job)
      else job.run(job.args, 0, job.numPrograms)
    } catch (error) {
      this.lose(`kernel '${job.kernelName}' stopped: ${error instanceof Error ? error.message : String(error)}`, error)
      this.#requireOpen()
    }
  }

  #take(byteLength: number): Block {
    const block = this.#refusesNext ? null : this.#memory.take(byteLength)
    this.#refusesNext = false
    if (block) return block
    const { byteLength: reserved, maxBytes } = this.#memory
    throw new DeviceError(
      `device '${name}': no memory of ${byteLength} bytes; ${this.#allocatedBytes} bytes in ${this.#liveBuffers} buffers are in use, ` +
        `${reserved} of at most ${maxBytes} bytes are taken from the system. Release what is not needed, split the batch, or use another backend`,
    )
  }

  #place(binding: Binding): Uint8Array {
    const { block } = this.#alive(binding.memory)
    checkBinding(name, alignment, binding)
    const start = block.address + binding.byteOffset
    return this.#memory.bytes.subarray(start, start + binding.byteLength)
  }

  #own(executable: Executable): CpuExecutable {
    if (executable instanceof CpuExecutable && this.#executables.known(executable.kernel) === executable) return executable
    throw new DeviceError(`device '${name}': kernel '${executable.kernel.name}' was not compiled by this device; compile it here`)
  }

  #alive(memory: DeviceMemory): CpuMemory {
    if (!(memory instanceof CpuMemory) || memory.owner !== this) throw new DeviceError(`device '${name}': memory belongs to another device; copy it through the host`)
    if (memory.isReleased) throw new DeviceError(`device '${name}': memory of ${memory.byteLength} bytes is used after it was released; release it later`)
    return memory
  }

  #requireOpen(): void {
    if (this.#lost) throw this.#lost
  }

  #end(error: DeviceError): void {
    if (this.#lost) return
    this.#lost = error
    this.#pool?.close()
    abandoned.unregister(this)
  }
}
