import type { Backend, BackendDevice, Capabilities } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'

/** Calls that a host pays for one by one. */
export interface Calls {
  writes: number
  launches: number
  replays: number
  reads: number
}

/** The processor's kernels behind a wall: a device whose memory the host does not see, as that of a GPU, with or without float64. */
export class HiddenBackend implements Backend {
  readonly kind: 'cuda' | 'webgpu'
  readonly calls: Calls = { writes: 0, launches: 0, replays: 0, reads: 0 }
  readonly #device: BackendDevice

  constructor(kind: 'cuda' | 'webgpu', floats: Capabilities['floats'], limits: Partial<Capabilities> = {}) {
    this.kind = kind
    const inner = createCpu({ threads: 1 }).openSync()
    const { calls } = this
    this.#device = {
      name: kind,
      description: 'processor behind a wall',
      capabilities: { ...inner.capabilities, floats, ...limits },
      allocate: (byteLength) => inner.allocate(byteLength),
      write: (target, data) => {
        calls.writes++
        inner.write(target, data)
      },
      copy: (target, source) => {
        inner.copy(target, source)
      },
      read: (source) => {
        calls.reads++
        return inner.read(source)
      },
      compile: (kernel) => inner.compile(kernel),
      enqueue: (launch) => {
        calls.launches++
        inner.enqueue(launch)
      },
      record: (launches) => {
        const recording = inner.record(launches)
        return {
          ...recording,
          replay: () => {
            calls.replays++
            recording.replay()
          },
          dispose: () => {
            recording.dispose()
          },
        }
      },
      synchronize: () => inner.synchronize(),
      statistics: () => inner.statistics(),
      close: () => inner.close(),
      lost: inner.lost,
    }
  }

  available(): ReturnType<Backend['available']> {
    return Promise.resolve({ isAvailable: true, devices: ['processor'] })
  }

  open(): Promise<BackendDevice> {
    return Promise.resolve(this.#device)
  }

  /** Calls since it was last asked. */
  taken(): Calls {
    const taken = { ...this.calls }
    Object.assign(this.calls, { writes: 0, launches: 0, replays: 0, reads: 0 })
    return taken
  }
}
