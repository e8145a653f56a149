import type { BackendDevice, Binding } from '../../backend/index.ts'
import { DeviceError } from '../../errors.ts'
import { KernelBuilder, type StorageType } from '../../kernels/index.ts'
import { allocate, errorOf, readWords, require, requireWords, type Rule, Skip, slowKernel, update, withMemory, words } from './context.ts'

/** A refusal is a DeviceError, and afterwards everything is as before. */
export function requireRefused(what: string, act: () => unknown): void {
  const error = errorOf(what, act)
  require(error instanceof DeviceError, `${what} throws ${String(error)}, but should throw a DeviceError`)
}

/** What is refused later is a DeviceError, too. */
export async function requireRejected(what: string, act: () => Promise<unknown>): Promise<void> {
  let error: unknown
  try {
    await act()
  } catch (caught) {
    error = caught
  }
  require(error !== undefined, `${what} was not refused`)
  require(error instanceof DeviceError, `${what} fails with ${String(error)}, but should with a DeviceError`)
}

/** What a device must not do, on one that is open. */
export const refusals: Readonly<Record<string, Rule>> = {
  'launches that do not fit are refused': async ({ device }) => {
    await withMemory(device, [8, 8, 8], async (x, y, z) => {
      device.write(y, words(1, 2, 3, 4, 5, 6, 7, 8))
      const good = update(device, x, y, 1)
      const { memory } = x
      const bad: Readonly<Record<string, Partial<typeof good>>> = {
        'too few axes of the grid': { grid: [] },
        'too many axes of the grid': { grid: [1, 1] },
        'a negative grid': { grid: [-1] },
        'half a program': { grid: [0.5] },
        'a grid that is no number': { grid: [Number.NaN] },
        'too few parameters': { parameters: [8] },
        'too many parameters': { parameters: [8, 1, 1] },
        'a negative index': { parameters: [-8, 1] },
        'an index that is no integer': { parameters: [7.5, 1] },
        'a word that is none': { parameters: [8, 2 ** 31] },
        'too few buffers': { buffers: [x] },
        'too many buffers': { buffers: [x, y, z] },
        'a buffer that is too small': { parameters: [9, 1] },
        'bytes behind the end': { buffers: [{ memory, byteOffset: 0, byteLength: 64 }, y] },
        'a negative offset': { buffers: [{ memory, byteOffset: -device.capabilities.alignment, byteLength: 32 }, y] },
        'half an element': { buffers: [{ memory, byteOffset: 0, byteLength: 31 }, y], parameters: [7, 1] },
        'what is written overlaps what is read': { buffers: [y, y] },
      }
      for (const [what, change] of Object.entries(bad)) {
        requireRefused(`enqueue: ${what}`, () => device.enqueue({ ...good, ...change }))
        requireRefused(`record: ${what}`, () => device.record([good, { ...good, ...change }]))
      }
      requireWords('nothing ran', await readWords(device, y), [1, 2, 3, 4, 5, 6, 7, 8])
    })
    return undefined
  },

  'offsets against the alignment are refused': async ({ device }) => {
    const { alignment } = device.capabilities
    if (alignment === 1) return new Skip('every offset is allowed')
    await withMemory(device, [256, 64], async (x, y) => {
      const odd = { memory: x.memory, byteOffset: alignment / 2, byteLength: 4 }
      requireRefused('a launch', () => device.enqueue(update(device, odd, { ...y, byteLength: 4 }, 1)))
    })
    return undefined
  },

  'released memory is refused': async ({ device }) => {
    const x = allocate(device, 16)
    await withMemory(device, [4], async (y) => {
      const launch = update(device, x, y, 1)
      x.memory.release()
      requireRefused('a launch', () => device.enqueue(launch))
      requireRefused('a recording', () => device.record([launch]))
      requireRefused('a write', () => device.write(x, words(1)))
      await requireRejected('a read', () => device.read(x))
    })
    return undefined
  },

  'writes and reads that do not fit are refused': async ({ device }) => {
    await withMemory(device, [4], async (x) => {
      requireRefused('too much data', () => device.write(x, new Int32Array(5)))
      requireRefused('too much for the part', () => device.write({ ...x, byteLength: 8 }, new Int32Array(3)))
      requireRefused('a part behind the end', () => device.write({ ...x, byteLength: 20 }, new Int32Array(3)))
      await requireRejected('a read behind the end', () => device.read({ ...x, byteLength: 20 }))
      await requireRejected('a read of a negative part', () => device.read({ ...x, byteLength: -4 }))
    })
    return undefined
  },

  'sizes that cannot be are refused': async ({ device }) => {
    for (const size of [-1, 0.5, Number.NaN, Infinity]) requireRefused(`memory of ${size} bytes`, () => device.allocate(size))
    const { maxBufferBytes } = device.capabilities
    const error = errorOf('more than the largest buffer', () => device.allocate(maxBufferBytes + 8))
    require(error instanceof DeviceError && error.message.includes(String(maxBufferBytes + 8)), `the error does not name the size: ${String(error)}`)
    return undefined
  },

  'kernels that the device cannot run are refused': async ({ device }) => {
    const { floats, maxBuffers, maxSharedBytes } = device.capabilities
    const probe = (write: (b: KernelBuilder) => void) => {
      const b = new KernelBuilder('demanding', { lanes: 1 })
      write(b)
      return b.build()
    }
    const store = (scalar: StorageType) => probe((b) => b.buffer('out', scalar, 'write').store(0, 1))
    if (!floats.includes('f64')) requireRefused('float64', () => device.compile(store('f64')))
    if (maxBuffers < 1000)
      requireRefused('too many buffers', () =>
        device.compile(
          probe((b) => {
            for (let k = 0; k <= maxBuffers; k++) b.buffer(`out${k}`, 'i32', 'write').store(0, 1)
          }),
        ),
      )
    if (maxSharedBytes < 2 ** 26)
      requireRefused('too much shared memory', () =>
        device.compile(
          probe((b) => {
            b.shared('s', 'i32', Math.floor(maxSharedBytes / 4) + 1).store(0, 1)
          }),
        ),
      )
    return undefined
  },
}

/** Memory of one device is nothing to another. */
export async function requireForeign(device: BackendDevice, other: BackendDevice): Promise<void> {
  await withMemory(device, [4], async (own) => {
    await withMemory(other, [4], async (foreign) => {
      requireRefused('a launch with memory of another device', () => device.enqueue(update(device, foreign, own, 1)))
      requireRefused('a launch of an executable of another device', () => device.enqueue({ ...update(device, own, allocateReleased(device), 1), executable: other.compile(slowKernel) }))
      requireRefused('a write to memory of another device', () => device.write(foreign, words(1)))
      await requireRejected('a read of memory of another device', () => device.read(foreign))
    })
  })
}

function allocateReleased(device: BackendDevice): Binding {
  const binding = allocate(device, 16)
  binding.memory.release()
  return binding
}
