import type { DeviceError } from '../errors.ts'
import type { Kernel } from '../kernels/index.ts'

/** Kinds of hardware; a device is named `'cpu'`, `'webgpu'` or `'cuda:0'`. */
export type DeviceKind = 'cpu' | 'webgpu' | 'cuda'

/** Whether a backend can serve on this machine, and if not, why and what would help. */
export type Availability = { readonly isAvailable: true; readonly devices: readonly string[] } | { readonly isAvailable: false; readonly reason: string }

/** A way to run kernels on some hardware; what `use()` registers. */
export interface Backend {
  readonly kind: DeviceKind
  /** Looks without opening anything; never throws. */
  available(): Promise<Availability>
  /** Opens device number `index` (0 unless told). @throws {DeviceError} with the reason and a remedy. */
  open(index?: number): Promise<BackendDevice>
  /** The same at once, where the host can: on a processor. */
  readonly openSync?: (index?: number) => BackendDevice
}

/** What a device can do, known before anything is compiled for it. */
export interface Capabilities {
  /** Element types that kernels may use, beside `i32` and `u32`. */
  readonly floats: readonly ('f32' | 'f64')[]
  /** `'simd'`: lanes are elements of vector registers, programs run one after another; `'gpu'`: lanes are threads. */
  readonly lanes: 'simd' | 'gpu'
  /** Bytes of a vector register of `'simd'`; of a `'gpu'`, lanes that run in step (a warp). */
  readonly vectorBytes: number
  /** Vector registers a program can count on; registers a thread, of a `'gpu'`. */
  readonly registers: number
  /** Largest number of lanes of a program. */
  readonly maxLanes: number
  /** Bytes of memory that the lanes of a program share. */
  readonly maxSharedBytes: number
  /** Bytes of it up to which as many programs run at the same time as without, where that is less. */
  readonly freeSharedBytes?: number | undefined
  /** Buffers that one launch can have. */
  readonly maxBuffers: number
  /** Bytes of the largest buffer. */
  readonly maxBufferBytes: number
  /** Bytes of the largest part of a buffer that a launch can have, where that is less than the whole. */
  readonly maxBindingBytes?: number
  /** Byte offsets of bindings are multiples of this. */
  readonly alignment: number
  /** Threads, or multiprocessors, that run programs at the same time. */
  readonly parallelism: number
  /** Launches of a recording run at the same time where they touch different memory. */
  readonly concurrentLaunches?: boolean
  /** Atomics on floating-point memory. */
  readonly floatAtomics: boolean
  /** Units for `tileMultiplyAdd` beside plain arithmetic; `lanes` are worth it to bring products through shared memory without any. */
  readonly matrixUnits: readonly ('tf32' | 'split' | 'f64' | 'lanes')[]
}

/**
 * An open device.
 *
 * **Order.** Writes, copies, launches, replays and reads take effect in the order of the calls. `write`, `copy`, `enqueue` and `replay` may return
 * before the work is done; `read` and `synchronize` resolve when everything before them is.
 *
 * **Lifetime.** Memory is alive until `release()`, which may be called while work that uses it is under way. Executables and
 * recordings live until `dispose()`, a recording keeps the memory that it uses alive. After `close()`, or after the device was lost,
 * every call throws the same {@link DeviceError}.
 */
export interface BackendDevice {
  readonly name: string
  /** One line for people: hardware, driver, threads. */
  readonly description: string
  readonly capabilities: Capabilities
  /** Memory with undefined contents. @throws {DeviceError} if there is not so much; the message names the size and what is in use. */
  allocate(byteLength: number): DeviceMemory
  /** Copies host data in. @throws {DeviceError} if it does not fit. */
  write(target: Binding, data: ArrayBufferView): void
  /**
   * Copies all of `source` to the beginning of `target`, which lies in other memory of the device. On devices with words of four bytes, as
   * WebGPU's, lengths are whole words.
   *
   * @throws {DeviceError} if it does not fit, or both are parts of the same memory.
   */
  copy(target: Binding, source: Binding): void
  /** A copy of the bytes, after everything that was enqueued. */
  read(source: Binding): Promise<ArrayBuffer>
  /**
   * The bytes in place, where host and device share memory; everything enqueued is done by then. The view is good until the next
   * call on the device.
   */
  readonly view?: (source: Binding) => Uint8Array
  /**
   * Compiled once a {@link kernelKey}, beside the host where a device can; then what a compiler refuses is said by what needs the code first.
   *
   * @throws {DeviceError} if the device cannot run it, with what it lacks.
   */
  compile(kernel: Kernel): Executable
  /** Runs a kernel. Bindings overlap only where the kernel reads. @throws {DeviceError} if counts or sizes do not fit the kernel. */
  enqueue(launch: Launch): void
  /** Prepares a sequence of launches to be run again and again in order. */
  record(launches: readonly Launch[]): Recording
  synchronize(): Promise<void>
  /** Milliseconds that the device takes for what `run` enqueues, by a clock of its own, where it has one. */
  readonly measure?: (run: () => void) => Promise<number>
  statistics(): DeviceStatistics
  /** Why the device is unusable; `null` while it works. */
  readonly lost: DeviceError | null
  /** Gives everything back; the second call does nothing. */
  close(): void
}

export interface DeviceMemory {
  readonly byteLength: number
  /** The second call does nothing. */
  release(): void
}

/** A part of device memory, in bytes; offsets are multiples of the device's alignment. */
export interface Binding {
  readonly memory: DeviceMemory
  readonly byteOffset: number
  readonly byteLength: number
}

/** A kernel made ready for a device. */
export interface Executable {
  readonly kernel: Kernel
  /** What the compiler made of it, where it says so. */
  readonly resources?: () => KernelResources
}

/** What a kernel takes of a GPU. */
export interface KernelResources {
  /** Of a thread. */
  readonly registers: number
  /** Bytes a thread of values that are kept in memory, for want of registers. */
  readonly spilledBytes: number
  /** Bytes of memory that the threads of a block share. */
  readonly sharedBytes: number
  readonly threadsPerBlock: number
  /** Blocks that one multiprocessor runs at the same time. */
  readonly blocksPerMultiprocessor: number
}

export interface Launch {
  readonly executable: Executable
  /** Extents of the grid; with a zero nothing runs. */
  readonly grid: readonly number[]
  /** Numbers in the order of the kernel's parameters. */
  readonly parameters: readonly number[]
  /** In the order of the kernel's buffers. */
  readonly buffers: readonly Binding[]
  /** Rough number of floating-point operations or elements moved, for the decision whether threads are worth waking. */
  readonly work?: number
}

export interface Recording {
  replay(): void
  dispose(): void
}

export interface DeviceStatistics {
  /** Memory handed out and not released, and its number of buffers. */
  readonly allocatedBytes: number
  readonly liveBuffers: number
  /** Most of it so far. */
  readonly peakBytes: number
  /** Memory taken from the system, the pool included. */
  readonly reservedBytes: number
  readonly compiledKernels: number
}
