import type { Binding } from '../../backend/index.ts'
import { KernelBuilder } from '../../kernels/index.ts'
import { allocate, equal, readWords, require, requireWords, type Rule, Skip, slowKernel, update, withMemory, words } from './context.ts'
import { requireRefused } from './refusals.ts'

/** Order, memory and recordings: on one open device. */
export const rules: Readonly<Record<string, Rule>> = {
  'capabilities are numbers that make sense': async ({ device }) => {
    const { floats, vectorBytes, registers, maxLanes, maxSharedBytes, maxBuffers, maxBufferBytes, alignment, parallelism } = device.capabilities
    require(floats.includes('f32'), 'there is no f32')
    for (const [name, value] of Object.entries({ vectorBytes, registers, maxLanes, maxSharedBytes, maxBuffers, maxBufferBytes, alignment, parallelism }))
      require(Number.isSafeInteger(value) && value > 0, `${name} is ${value}`)
    require(maxLanes >= 64, `maxLanes is ${maxLanes}, kernels need 64`)
    require(maxBuffers >= 8, `maxBuffers is ${maxBuffers}, kernels need 8`)
    require(device.name !== '' && device.description !== '', 'name or description is empty')
    require(device.lost === null, 'an open device says that it is lost')
    return undefined
  },

  'what is written is read': async ({ device }) => {
    await withMemory(device, [4, 0], async (memory, empty) => {
      device.write(memory, words(1, -2, 3, -4))
      requireWords('whole', await readWords(device, memory), [1, -2, 3, -4])
      device.write({ ...memory, byteLength: 8 }, new Uint8Array(words(7, 8).buffer))
      requireWords('part', await readWords(device, memory), [7, 8, 3, -4])
      device.write(empty, words())
      requireWords('nothing', await readWords(device, empty), [])
    })
    return undefined
  },

  'data shorter than a binding leaves the rest': async ({ device }) => {
    await withMemory(device, [3], async (memory) => {
      device.write(memory, words(1, 2, 3))
      device.write(memory, words(9))
      requireWords('rest', await readWords(device, memory), [9, 2, 3])
    })
    return undefined
  },

  'a view into larger data writes that part': async ({ device }) => {
    await withMemory(device, [2], async (memory) => {
      device.write(memory, words(1, 2, 3, 4).subarray(1, 3))
      requireWords('part', await readWords(device, memory), [2, 3])
    })
    return undefined
  },

  'host data may change after it was written': async ({ device }) => {
    await withMemory(device, [2], async (memory) => {
      const data = words(1, 2)
      device.write(memory, data)
      data.fill(9)
      requireWords('copy', await readWords(device, memory), [1, 2])
    })
    return undefined
  },

  'parts of memory are separate': async ({ device }) => {
    const step = Math.max(device.capabilities.alignment, 4)
    const memory = device.allocate(3 * step)
    const part = (k: number): Binding => ({ memory, byteOffset: k * step, byteLength: 4 })
    for (const k of [0, 1, 2]) device.write(part(k), words(10 * k))
    device.enqueue(update(device, part(0), part(1), 3))
    device.write(part(2), words(5))
    for (const [k, expected] of [0, 30, 5].entries()) requireWords(`part ${k}`, await readWords(device, part(k)), [expected])
    memory.release()
    return undefined
  },

  'writes, launches and reads happen in the order of the calls': async ({ device }) => {
    await withMemory(device, [20, 20], async (x, y) => {
      const column = (value: number) => Int32Array.from({ length: 20 }, () => value)
      device.write(x, column(1))
      device.write(y, column(2))
      device.enqueue(update(device, x, y, 10))
      const first = device.read(y)
      device.write(x, column(5))
      device.enqueue(update(device, x, y, 10))
      const second = device.read(y)
      device.write(y, column(7))
      const third = device.read(y)
      for (const [k, [read, expected]] of ([[first, 21], [second, 215], [third, 7]] as const).entries())
        requireWords(`read ${k}`, [...new Int32Array(await read)], [...column(expected)])
    })
    return undefined
  },

  'copies happen in the order of the calls': async ({ device }) => {
    await withMemory(device, [3, 5], async (x, y) => {
      device.write(x, words(1, 2, 3))
      device.write(y, words(4, 5, 6, 7, 8))
      device.enqueue(update(device, x, { ...y, byteLength: 12 }, 10))
      device.copy(x, { ...y, byteLength: 8 })
      device.write(y, words(9, 9, 9))
      device.copy(y, { ...x, byteLength: 0 })
      requireWords('target', await readWords(device, x), [41, 52, 3])
      requireWords('source', await readWords(device, y), [9, 9, 9, 7, 8])
      const recording = device.record([update(device, x, { ...y, byteLength: 12 }, 10)])
      recording.replay()
      device.copy(x, { ...y, byteLength: 12 })
      recording.replay()
      requireWords('between replays', await readWords(device, y), [1441, 1562, 1023, 7, 8])
      recording.dispose()
      requireRefused('a copy that does not fit', () => {
        device.copy(x, y)
      })
      requireRefused('a copy inside of one memory', () => {
        device.copy(x, x)
      })
    })
    return undefined
  },

  'many launches, one after another': async ({ device }) => {
    await withMemory(device, [1, 1], async (x, y) => {
      device.write(x, words(1))
      device.write(y, words(0))
      for (let k = 0; k < 500; k++) device.enqueue(update(device, x, y, 1))
      requireWords('sum', await readWords(device, y), [500])
    })
    return undefined
  },

  'an empty grid runs nothing': async ({ device }) => {
    await withMemory(device, [4, 4], async (x, y) => {
      device.write(y, words(1, 2, 3, 4))
      device.enqueue({ ...update(device, x, y, 3), grid: [0] })
      requireWords('untouched', await readWords(device, y), [1, 2, 3, 4])
    })
    return undefined
  },

  'bindings of no bytes': async ({ device }) => {
    await withMemory(device, [0, 0], async (x, y) => {
      device.enqueue({ ...update(device, x, y, 3), grid: [1] })
      device.record([update(device, x, y, 3)]).dispose()
      await device.synchronize()
    })
    return undefined
  },

  'more programs than threads, all run once': async ({ device }) => {
    const length = 8 * 1000 + 3
    await withMemory(device, [length, length], async (x, y) => {
      device.write(x, Int32Array.from({ length }, (_, k) => k))
      device.write(y, new Int32Array(length))
      device.enqueue({ ...update(device, x, y, 1), work: 1e9 })
      const got = await readWords(device, y)
      const wrong = got.findIndex((value, k) => value !== k)
      require(wrong < 0, `element ${wrong} is ${got[wrong] ?? 'missing'}`)
    })
    return undefined
  },

  'memory that is read only may be bound twice': async ({ device }) => {
    const b = new KernelBuilder('both', { lanes: 1 })
    const [p, q, out] = [b.buffer('p', 'i32', 'read', { extent: 1 }), b.buffer('q', 'i32', 'read', { extent: 1 }), b.buffer('out', 'i32', 'write', { extent: 1 })]
    out.store(0, p.load(0).add(q.load(0)))
    await withMemory(device, [1, 1], async (x, y) => {
      device.write(x, words(21))
      device.enqueue({ executable: device.compile(b.build()), grid: [1], parameters: [], buffers: [x, x, y] })
      requireWords('sum', await readWords(device, y), [42])
    })
    return undefined
  },

  'a replay does what its launches did': async ({ device }) => {
    await withMemory(device, [9, 9, 9], async (x, y, z) => {
      const start = words(1, 2, 3, 4, 5, 6, 7, 8, 9)
      const launches = [update(device, x, y, 2), update(device, y, z, 3), update(device, z, y, -1)]
      const run = async (act: () => void) => {
        device.write(x, start)
        device.write(y, start)
        device.write(z, start)
        act()
        return [...(await readWords(device, y)), ...(await readWords(device, z))]
      }
      const eager = await run(() => launches.forEach((launch) => device.enqueue(launch)))
      const recording = device.record(launches)
      requireWords('once', await run(() => recording.replay()), eager)
      requireWords('again', await run(() => recording.replay()), eager)
      device.write(y, start)
      recording.replay()
      const between = device.read(z)
      device.write(z, words(0, 0, 0, 0, 0, 0, 0, 0, 0))
      recording.replay()
      require(!equal([...new Int32Array(await between)], await readWords(device, z)), 'a read between two replays sees the second')
      recording.dispose()
      recording.dispose()
      device.record([]).dispose()
    })
    return undefined
  },

  'what was recorded does not change with what it was made from': async ({ device }) => {
    await withMemory(device, [2, 2], async (x, y) => {
      device.write(x, words(1, 1))
      device.write(y, words(1, 1))
      const launch = update(device, x, y, 3)
      const [grid, parameters] = [[...launch.grid], [...launch.parameters]]
      const launches = [{ ...launch, grid, parameters }]
      const recording = device.record(launches)
      grid[0] = 0
      parameters[1] = 100
      launches.length = 0
      recording.replay()
      requireWords('as recorded', await readWords(device, y), [4, 4])
      recording.dispose()
    })
    return undefined
  },

  'a recording keeps its memory': async ({ device }) => {
    await withMemory(device, [2], async (y) => {
      const x = allocate(device, 8)
      device.write(x, words(3, 4))
      device.write(y, words(0, 0))
      const recording = device.record([update(device, x, y, 1)])
      x.memory.release()
      // Would fall into the place that became free, if it had.
      await withMemory(device, [2], async (other) => {
        device.write(other, words(-1, -1))
        recording.replay()
        requireWords('kept', await readWords(device, y), [3, 4])
      })
      recording.dispose()
      requireRefused('a replay after dispose()', () => recording.replay())
    })
    return undefined
  },

  'memory may be released while it is used': async ({ device }) => {
    const length = 64
    await withMemory(device, [length], async (y) => {
      device.write(y, new Int32Array(length))
      const x = allocate(device, 4 * length)
      const slow = allocate(device, 4 * 4)
      device.write(x, Int32Array.from({ length }, (_, k) => k))
      device.enqueue({ executable: device.compile(slowKernel), grid: [4], parameters: [20000], buffers: [slow], work: 80000 })
      device.enqueue(update(device, x, y, 1))
      slow.memory.release()
      x.memory.release()
      await withMemory(device, [length, 4], async (other, more) => {
        device.write(other, new Int32Array(length).fill(-7))
        device.write(more, words(-7, -7, -7, -7))
        requireWords('sum', await readWords(device, y), Array.from({ length }, (_, k) => k))
        requireWords('new memory', await readWords(device, more), [-7, -7, -7, -7])
      })
    })
    return undefined
  },

  'memory is counted': async ({ device }) => {
    await device.synchronize()
    const before = device.statistics()
    const memories = [100, 0, 4096, 33].map((byteLength) => device.allocate(byteLength))
    const during = device.statistics()
    require(during.liveBuffers === before.liveBuffers + 4, `4 buffers count as ${during.liveBuffers - before.liveBuffers}`)
    require(during.allocatedBytes >= before.allocatedBytes + 4229, `4229 bytes count as ${during.allocatedBytes - before.allocatedBytes}`)
    require(during.peakBytes >= during.allocatedBytes, 'the peak is below what is allocated')
    require(during.reservedBytes >= during.allocatedBytes, 'less is reserved than allocated')
    for (const [k, memory] of memories.entries()) {
      require(memory.byteLength === [100, 0, 4096, 33][k], `memory ${k} says that it has ${memory.byteLength} bytes`)
      memory.release()
      memory.release()
    }
    await device.synchronize()
    const after = device.statistics()
    require(after.liveBuffers === before.liveBuffers && after.allocatedBytes === before.allocatedBytes, `after release ${after.liveBuffers - before.liveBuffers} buffers and ${after.allocatedBytes - before.allocatedBytes} bytes are left`)
    return undefined
  },

  'memory is used again': async ({ device }) => {
    const turn = async () => {
      await withMemory(device, [5000, 300, 70000], async (x, y) => {
        device.write(x, new Int32Array(5000))
        device.enqueue(update(device, x, y, 1))
        await device.synchronize()
      })
    }
    for (let k = 0; k < 3; k++) await turn()
    const { reservedBytes } = device.statistics()
    for (let k = 0; k < 60; k++) await turn()
    require(device.statistics().reservedBytes <= reservedBytes, `the same allocations again and again take ${device.statistics().reservedBytes - reservedBytes} bytes more`)
    return undefined
  },

  'equal kernels are compiled once': async ({ device }) => {
    const make = () => {
      const b = new KernelBuilder('equal', { lanes: 4 })
      b.buffer('out', 'f32', 'write').storeLanes(b.programId().mul(4), 42)
      return b.build()
    }
    device.compile(make())
    const { compiledKernels } = device.statistics()
    device.compile(make())
    require(device.statistics().compiledKernels === compiledKernels, 'an equal kernel was compiled again')
    return undefined
  },

  'a view shows what was enqueued': async ({ device }) => {
    if (!device.view) return new Skip('the device shares no memory with the host')
    await withMemory(device, [3, 3], (x, y) => {
      device.write(x, words(1, 2, 3))
      device.write(y, words(1, 1, 1))
      device.enqueue(update(device, x, y, 2))
      const bytes = device.view?.(y).slice() ?? new Uint8Array(0)
      requireWords('view', [...new Int32Array(bytes.buffer)], [3, 4, 5])
    })
    return undefined
  },
}
