import type { Backend, BackendDevice } from '../../backend/index.ts'
import { DeviceError } from '../../errors.ts'
import { allocate, errorOf, readWords, require, type Rule, Skip, slowKernel, update, withMemory } from './context.ts'
import { requireForeign, requireRejected } from './refusals.ts'

/** Every call on a device that ended throws one error; what gives back still may be called. */
async function requireEnded(device: BackendDevice, end: () => void | Promise<void>): Promise<void> {
  const [x, y] = [allocate(device, 16), allocate(device, 16)]
  const launch = update(device, x, y, 1)
  const recording = device.record([launch])
  const { executable } = launch
  const slow = allocate(device, 16)
  device.enqueue({ executable: device.compile(slowKernel), grid: [4], parameters: [20000], buffers: [slow], work: 80000 })
  await end()
  const { lost } = device
  require(lost instanceof DeviceError, 'lost is no DeviceError')
  const calls: Readonly<Record<string, () => unknown>> = {
    allocate: () => device.allocate(4),
    write: () => device.write(x, new Int32Array(1)),
    copy: () => device.copy(x, slow),
    compile: () => device.compile(executable.kernel),
    enqueue: () => device.enqueue(launch),
    record: () => device.record([launch]),
    replay: () => recording.replay(),
    ...(device.view ? { view: () => device.view?.(x) } : {}),
  }
  for (const [name, call] of Object.entries(calls)) {
    const error = errorOf(`${name} on a device that ended`, call)
    require(error === lost, `${name} throws ${String(error)} instead of ${String(lost)}`)
  }
  for (const [name, call] of Object.entries({ read: () => device.read(x), synchronize: () => device.synchronize() })) await requireRejected(`${name} on a device that ended`, call)
  recording.dispose()
  x.memory.release()
  slow.memory.release()
  device.close()
  y.memory.release()
}

async function withDevice<T>(backend: Backend, run: (device: BackendDevice) => Promise<T>): Promise<T> {
  const device = await backend.open()
  try {
    return await run(device)
  } finally {
    device.close()
  }
}

const noBackend = new Skip('a device was given, and no backend to open another')

/** Rules that take devices of their own. */
export const endings: Readonly<Record<string, Rule>> = {
  'a backend says that it is there': async ({ backend }) => {
    if (!backend) return noBackend
    const availability = await backend.available()
    require(availability.isAvailable, `the backend says that it is not available: ${availability.isAvailable ? '' : availability.reason}`)
    return undefined
  },

  'a device number that is not there is refused': async ({ backend }) => {
    if (!backend) return noBackend
    await requireRejected('number 999', () => backend.open(999))
    await requireRejected('number −1', () => backend.open(-1))
    return undefined
  },

  'two devices have nothing in common': async ({ backend }) => {
    if (!backend) return noBackend
    await withDevice(backend, (one) => withDevice(backend, (other) => requireForeign(one, other)))
    return undefined
  },

  'a closed device throws one error': async ({ backend }) => {
    if (!backend) return noBackend
    await withDevice(backend, (device) => requireEnded(device, () => device.close()))
    return undefined
  },

  'a lost device throws one error': async ({ backend, hooks: { lose } }) => {
    if (!backend) return noBackend
    if (!lose) return new Skip('the backend hands in no way to lose a device')
    await withDevice(backend, (device) => requireEnded(device, () => lose(device)))
    return undefined
  },

  'a device opens again after another was closed': async ({ backend }) => {
    if (!backend) return noBackend
    for (let k = 0; k < 3; k++)
      await withDevice(backend, (device) =>
        withMemory(device, [3, 3], async (x, y) => {
          device.write(x, Int32Array.of(1, 2, 3))
          device.write(y, Int32Array.of(1, 1, 1))
          device.enqueue(update(device, x, y, 2))
          require((await readWords(device, y)).join() === '3,4,5', 'the sum is wrong')
        }),
      )
    return undefined
  },

  'memory that is not there is refused, and nothing else changes': async ({ hooks: { littleMemory } }) => {
    if (!littleMemory) return new Skip('the backend hands in no device of little memory')
    await withDevice(littleMemory, async (device) => {
      const [size, memories] = [2 ** 20 + 8, [device.allocate(64)]]
      const allocateAll = () => {
        while (memories.length < 64) memories.push(device.allocate(size))
      }
      const error = errorOf('64 MiB', allocateAll)
      require(error instanceof DeviceError && error.message.includes(String(size)), `the error is no DeviceError that names the size: ${String(error)}`)
      const { liveBuffers } = device.statistics()
      require(liveBuffers === memories.length, `${liveBuffers} buffers are counted, ${memories.length} were given`)
      require(memories.length > 1, 'not even the first was given')
      memories.pop()?.release()
      memories.push(device.allocate(size))
      await withMemory(device, [1], async (x) => {
        device.write(x, Int32Array.of(42))
        require((await readWords(device, x))[0] === 42, 'the device does not work afterwards')
      })
      for (const memory of memories) memory.release()
      require(device.statistics().allocatedBytes === 0, 'memory is left')
    })
    return undefined
  },
}
