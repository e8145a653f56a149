import { interpreterBackend, use, type Backend, type BackendDevice, type Capabilities, type InterpreterDevice } from '@equivar/core'

const interpreters = interpreterBackend()
let opened: InterpreterDevice | undefined

/** The same for every file: one device, opened when it is first asked for. */
const backend = { ...interpreters, openSync: () => (opened ??= interpreters.openSync()), open: () => Promise.resolve((opened ??= interpreters.openSync())) }

/** From here on device 'cpu' runs on the interpreter, until the end of the file: a registered backend stays. */
export function useInterpreter(): InterpreterDevice {
  use(backend)
  return backend.openSync()
}

/** How often a device was asked for what a host pays for call by call, and bytes that went there. */
export interface CallCounts {
  writes: number
  writtenBytes: number
  copies: number
  launches: number
  recordings: number
  replays: number
  reads: number
}

export const noCalls = (): CallCounts => ({ writes: 0, writtenBytes: 0, copies: 0, launches: 0, recordings: 0, replays: 0, reads: 0 })

export interface RemoteBackend extends Backend {
  readonly device: InterpreterDevice
  /** Calls since it was last asked. */
  takeCounts(): CallCounts
}

/** A device whose memory the host does not see, as that of a GPU: the interpreter behind the contract, without `view`. */
export function remoteBackend(capabilities: Partial<Capabilities> = {}): RemoteBackend {
  let counts = noCalls()
  const takeCounts = () => {
    const taken = counts
    counts = noCalls()
    return taken
  }
  const device = interpreterBackend({ capabilities }).openSync()
  const remote: BackendDevice = {
    name: 'webgpu',
    description: 'interpreter behind a wall',
    capabilities: device.capabilities,
    allocate: (byteLength) => device.allocate(byteLength),
    write: (target, data) => {
      counts.writes++
      counts.writtenBytes += data.byteLength
      device.write(target, data)
    },
    copy: (target, source) => {
      counts.copies++
      device.copy(target, source)
    },
    read: (source) => {
      counts.reads++
      return device.read(source)
    },
    compile: (kernel) => device.compile(kernel),
    enqueue: (launch) => {
      counts.launches++
      device.enqueue(launch)
    },
    record: (launches) => {
      counts.recordings++
      const recording = device.record(launches)
      return {
        ...recording,
        replay: () => {
          counts.replays++
          recording.replay()
        },
      }
    },
    synchronize: () => device.synchronize(),
    statistics: () => device.statistics(),
    close: () => device.close(),
    get lost() {
      return device.lost
    },
  }
  return { kind: 'webgpu', available: () => Promise.resolve({ isAvailable: true, devices: ['interpreter'] }), open: () => Promise.resolve(remote), device, takeCounts }
}
