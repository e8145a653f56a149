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

/** A device whose memory the host does not see, as that of a GPU: the interpreter behind the contract, without `view`. */
export function remoteBackend(capabilities: Partial<Capabilities> = {}): Backend & { readonly device: InterpreterDevice } {
  const device = interpreterBackend({ capabilities }).openSync()
  const remote: BackendDevice = {
    name: 'webgpu',
    description: 'interpreter behind a wall',
    capabilities: device.capabilities,
    allocate: (byteLength) => device.allocate(byteLength),
    write: (target, data) => device.write(target, data),
    copy: (target, source) => device.copy(target, source),
    read: (source) => device.read(source),
    compile: (kernel) => device.compile(kernel),
    enqueue: (launch) => device.enqueue(launch),
    record: (launches) => device.record(launches),
    synchronize: () => device.synchronize(),
    statistics: () => device.statistics(),
    close: () => device.close(),
    get lost() {
      return device.lost
    },
  }
  return { kind: 'webgpu', available: () => Promise.resolve({ isAvailable: true, devices: ['interpreter'] }), open: () => Promise.resolve(remote), device }
}
