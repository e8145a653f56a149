declare const kind: unique symbol

/**
 * A number that stands for something inside of the addon. The addon knows which it gave out: one that was given back, is of another
 * thread or of another kind is refused with an `InputError`, never followed.
 */
export type Handle<Kind extends string> = number & { readonly [kind]?: Kind }

export type CompilationHandle = Handle<'compilation'>
export type DeviceHandle = Handle<'device'>
export type StreamHandle = Handle<'stream'>
export type ModuleHandle = Handle<'module'>
export type FunctionHandle = Handle<'function'>
export type EventHandle = Handle<'event'>
export type GraphHandle = Handle<'graph'>
export type ExecutableGraphHandle = Handle<'executable graph'>

/** Where something lies in the memory of a device, in bytes; below 2^53. */
export type Address = number

/** Sizes in bytes. */
export interface DeviceProperties {
  readonly name: string
  /** As NVIDIA's tools print it: `GPU-…`. */
  readonly uuid: string
  /** Bus address, `0000:01:00.0`. */
  readonly busId: string
  /** Compute capability: 9 and 0 are `sm_90`. */
  readonly major: number
  readonly minor: number
  readonly totalBytes: number
  readonly numMultiprocessors: number
  readonly warpSize: number
  readonly maxThreadsPerBlock: number
  readonly maxThreadsPerMultiprocessor: number
  readonly maxBlocksPerMultiprocessor: number
  /** 32-bit registers of a multiprocessor, and those that one block can have. */
  readonly registersPerMultiprocessor: number
  readonly registersPerBlock: number
  /** Shared memory of a block without asking, with {@link Driver.allowSharedBytes}, and of a multiprocessor. */
  readonly sharedBytesPerBlock: number
  readonly maxSharedBytesPerBlock: number
  readonly sharedBytesPerMultiprocessor: number
  readonly l2Bytes: number
  readonly clockKilohertz: number
  readonly memoryClockKilohertz: number
  readonly memoryBusBits: number
  readonly maxGrid: readonly [number, number, number]
}

export interface MemoryStatistics {
  /** Handed out and not released, as asked for, and its number of allocations. */
  readonly allocatedBytes: number
  readonly liveAllocations: number
  /** Most of `allocatedBytes` since the device was opened, or {@link Driver.resetPeak} was called. */
  readonly peakBytes: number
  /** Taken from the driver, the cache included. */
  readonly reservedBytes: number
  /** Host memory through which writes and reads go. */
  readonly pinnedBytes: number
  /** Free for everybody, and all there is, as the driver says. */
  readonly freeBytes: number
  readonly totalBytes: number
}

export interface CompileOptions {
  /** Most registers a thread; the compiler decides unless told. */
  readonly maxRegisters?: number
  /** 0 … 4, 4 by default. */
  readonly optimization?: number
  /** Line numbers of the text, for profilers. */
  readonly lineInfo?: boolean
}

export interface CompiledImage {
  /** What {@link Driver.loadModule} takes; good for this driver version and compute capability. */
  readonly image: Uint8Array<ArrayBuffer>
  /** What the compiler says of registers, shared memory and spills, kernel by kernel. */
  readonly log: string
}

export interface FittingImage extends CompiledImage {
  /** Which of the texts it is. */
  readonly index: number
}

export interface FunctionAttributes {
  readonly registers: number
  /** Local memory a thread: what spilled, and arrays. */
  readonly localBytes: number
  /** Shared memory that the text itself declares. */
  readonly sharedBytes: number
  readonly constantBytes: number
  readonly maxThreadsPerBlock: number
  /** 10 × major + minor of the text's architecture and the code's. */
  readonly ptxVersion: number
  readonly binaryVersion: number
}

/**
 * The CUDA driver, as the addon gives it: thin and flat. Every function belongs to the thread that loaded the addon.
 *
 * **Errors.** A status of the driver other than success becomes a {@link DriverError} with the call, the code and a remedy; an argument
 * that is refused before the driver hears of it becomes an `InputError`. A fault after which the driver refuses everything (an illegal
 * address, a hardware error) makes the device lost: every further call on it throws the error of that fault, and what is awaited
 * rejects with it.
 *
 * **Order.** What takes a stream happens in the order of the calls on that stream. Nothing waits for the device but promises.
 *
 * **Lifetime.** What is released while work uses it lives until that work is done. Closing a device releases all that belongs to it,
 * and so does the end of the thread.
 */
export interface Driver {
  /** Starts the driver away from the event loop; everything else would do it at its first call. @throws DriverError, rejecting, without a driver. */
  initialize(): Promise<void>
  /** 1000 × major + 10 × minor of the newest CUDA that the driver serves. */
  driverVersion(): number
  deviceCount(): number
  properties(ordinal: number): DeviceProperties

  /** Takes part in the device's primary context, made away from the event loop. */
  open(ordinal: number): Promise<DeviceHandle>
  /** The second call does nothing. */
  close(device: DeviceHandle): void
  /** The fault that made the device unusable; `null` while it works. */
  lost(device: DeviceHandle): Error | null

  createStream(device: DeviceHandle): StreamHandle
  destroyStream(stream: StreamHandle): void
  /** Resolves when everything is done that was put into the stream before. */
  synchronize(stream: StreamHandle): Promise<void>

  /**
   * Memory with undefined contents, at a multiple of 512. It comes from the stream's cache where that has a piece: it may be what was
   * released while work in the same stream still uses it, as what follows there comes later.
   *
   * @throws DriverError if there is not so much; what is cached was given back to the driver and tried again by then.
   */
  allocate(stream: StreamHandle, byteLength: number): Address
  /** Another stream than that of the allocation uses the memory: after `release` it is handed out only when that work is done. */
  usedBy(address: Address, stream: StreamHandle): void
  release(address: Address): void
  statistics(device: DeviceHandle): MemoryStatistics
  resetPeak(device: DeviceHandle): void
  /** Gives cached memory that nothing uses back to the driver; returns how many bytes. */
  trim(device: DeviceHandle): number

  /** Copies the bytes at once into pinned memory, so that the host's may change, and from there to the device. Not during a capture. */
  write(stream: StreamHandle, target: Address, data: ArrayBufferView): void
  /** The bytes as they are after everything in the stream before. Not during a capture. */
  read(stream: StreamHandle, source: Address, byteLength: number): Promise<ArrayBuffer>
  /** From memory of this device, or of another one that is open. */
  copy(stream: StreamHandle, target: Address, source: Address, byteLength: number): void
  /** Sets elements of `width` bytes (1, 2 or 4) to the lowest bits of an unsigned number; `byteLength` is a multiple of the width. */
  fill(stream: StreamHandle, target: Address, byteLength: number, value: number, width: 1 | 2 | 4): void

  /** Compiles PTX text to code for the device. @throws DriverError with the compiler's log. */
  compile(device: DeviceHandle, text: string, options?: CompileOptions): CompiledImage
  /** The same in a thread of the pool, several at once. */
  compileAsync(device: DeviceHandle, text: string, options?: CompileOptions): Promise<CompiledImage>
  /**
   * Begins to compile texts in a thread of its own, one after another until the entry `name` keeps all of its values in registers; the
   * last one serves in any case. Many may be under way: as many threads work as there are processors.
   */
  beginCompile(device: DeviceHandle, texts: readonly string[], name: string): CompilationHandle
  /** What came of it, waited for; the handle is stale then. @throws DriverError with the compiler's log. */
  endCompile(compilation: CompilationHandle): FittingImage
  loadModule(device: DeviceHandle, image: Uint8Array): ModuleHandle
  /** Work in streams may not use its functions any more. */
  unloadModule(module: ModuleHandle): void
  getFunction(module: ModuleHandle, name: string): FunctionHandle
  functionAttributes(f: FunctionHandle): FunctionAttributes
  /** Lets launches have up to so much dynamic shared memory; without it, {@link DeviceProperties.sharedBytesPerBlock}. */
  allowSharedBytes(f: FunctionHandle, byteLength: number): void
  /** Blocks of so many threads that one multiprocessor runs at the same time. */
  blocksPerMultiprocessor(f: FunctionHandle, threads: number, sharedBytes: number): number

  /**
   * Runs a kernel with gridX × gridY × gridZ blocks of `threads` threads. Its parameters are the bytes `byteOffset … + byteLength` of
   * `parameters`, each at the alignment of its type counted from `byteOffset`, and read before the call returns. Makes nothing on the
   * heap of JavaScript. Addresses in the parameters are not checked.
   */
  launch(
    stream: StreamHandle,
    f: FunctionHandle,
    gridX: number,
    gridY: number,
    gridZ: number,
    threads: number,
    sharedBytes: number,
    parameters: ArrayBuffer,
    byteOffset: number,
    byteLength: number,
  ): void

  /** An event without times orders streams and is cheaper. */
  createEvent(device: DeviceHandle, isTimed: boolean): EventHandle
  destroyEvent(event: EventHandle): void
  recordEvent(stream: StreamHandle, event: EventHandle): void
  /** What is put into the stream from now on waits for what the event marks. */
  waitEvent(stream: StreamHandle, event: EventHandle): void
  /** Whether what the event marks is done. */
  isDone(event: EventHandle): boolean
  /** Milliseconds between two timed events that are both done. */
  elapsed(start: EventHandle, end: EventHandle): number

  /** From here to {@link endCapture} launches, fills and copies in the stream are recorded instead of run. */
  beginCapture(stream: StreamHandle): void
  endCapture(stream: StreamHandle): GraphHandle
  numNodes(graph: GraphHandle): number
  instantiate(graph: GraphHandle): ExecutableGraphHandle
  /** Puts another recording with the same structure in place; `false` where structures differ, and the executable stays as it was. */
  updateGraph(executable: ExecutableGraphHandle, graph: GraphHandle): boolean
  launchGraph(stream: StreamHandle, executable: ExecutableGraphHandle): void
  destroyGraph(graph: GraphHandle): void
  /** Replays that are under way finish. */
  destroyExecutableGraph(executable: ExecutableGraphHandle): void

  canAccessPeer(device: DeviceHandle, peer: DeviceHandle): boolean
  /** Lets kernels of the device reach the memory of the peer; the second call does nothing. */
  enablePeerAccess(device: DeviceHandle, peer: DeviceHandle): void
}
