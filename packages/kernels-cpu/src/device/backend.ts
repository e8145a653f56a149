import { type Backend, DeviceError, InputError } from '@equivar/core'
import { availableParallelism, openCodeStore } from '#platform'
import { CpuDevice } from './device.ts'
import { supportsRelaxedSimd, whyUnshared, whyUnsupported } from './features.ts'
import { maxPages, pageSize } from './linear-memory.ts'
import type { ThreadFault } from './worker.ts'

export interface CpuOptions {
  /** Threads that run programs, the calling one included; as many as the machine runs at once, by default. */
  readonly threads?: number
  /** Most bytes of memory, at most (and by default) the 4 GiB that 32-bit addresses reach. */
  readonly maxBytes?: number
  /** Use the multiply-add of relaxed SIMD, which rounds once where the hardware does; by default if the host has it. */
  readonly relaxedSimd?: boolean
  /**
   * Folder in which Node keeps code for later processes; by default `EQUIVAR_CACHE_DIR` (`off`: none), or `equivar` among the user's
   * caches. `null`: nothing is kept.
   */
  readonly cacheFolder?: string | null
  /** For tests of what must not happen; more is brought about by `refuseNext` and `lose` of the device. */
  readonly faults?: { readonly thread?: ThreadFault }
}

/** A backend that opens synchronously, and whose devices are of this package. */
export interface CpuBackend extends Backend {
  open(index?: number): Promise<CpuDevice>
  openSync(index?: number): CpuDevice
}

const maxThreads = 64
/** More than these rarely help: memory is the limit by then. */
const maxThreadsByDefault = 16

/**
 * Kernels on the processor, with settings of one's own.
 *
 * @throws {InputError} if a setting is out of its domain.
 */
export function createCpu(options: CpuOptions = {}): CpuBackend {
  const { threads, maxBytes = maxPages * pageSize, relaxedSimd, cacheFolder, faults = {} } = options
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= maxThreads))
    throw new InputError(`createCpu: threads must be an integer in 1 … ${maxThreads}, got ${threads}`)
  if (!(Number.isFinite(maxBytes) && maxBytes >= pageSize)) throw new InputError(`createCpu: maxBytes must be at least ${pageSize}, got ${maxBytes}`)
  const openSync = (index = 0): CpuDevice => {
    if (index !== 0) throw new DeviceError(`device 'cpu:${index}': there is one processor; open number 0`)
    const unsupported = whyUnsupported()
    if (unsupported !== null) throw new DeviceError(`device 'cpu': ${unsupported}`)
    if (relaxedSimd === true && !supportsRelaxedSimd())
      throw new DeviceError(`device 'cpu': relaxedSimd is asked for, but this host has none; leave the option out, or use Node 24 or a newer browser`)
    const { count, reason } = countThreads(threads)
    const store = cacheFolder === null ? null : openCodeStore(cacheFolder)
    return new CpuDevice({ threads: count, relaxedSimd: relaxedSimd ?? supportsRelaxedSimd(), maxBytes, reason, store, threadFault: faults.thread ?? null })
  }
  return {
    kind: 'cpu',
    available: async () => {
      const reason = whyUnsupported()
      return reason === null ? { isAvailable: true, devices: ['WebAssembly SIMD'] } : { isAvailable: false, reason }
    },
    open: async (index) => openSync(index),
    openSync,
  }
}

function countThreads(asked: number | undefined): { readonly count: number; readonly reason: string | null } {
  const count = asked ?? Math.min(availableParallelism(), maxThreadsByDefault)
  const reason = count > 1 ? whyUnshared() : null
  return reason === null ? { count, reason: count === 1 && asked === undefined ? 'the machine runs one at a time' : null } : { count: 1, reason }
}

/** Kernels on the processor: `use(cpu)`. */
export const cpu: CpuBackend = createCpu()
