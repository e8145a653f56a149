import type { Backend, BackendDevice } from '../contract.ts'

/** Devices that are open, one a backend and number. What was closed or lost is forgotten. */
export class OpenDevices {
  readonly #devices = new Map<Backend, Map<number, BackendDevice>>()
  readonly #opening = new Map<Backend, Map<number, Promise<BackendDevice>>>()

  get(backend: Backend, index: number): BackendDevice | null {
    const own = this.#devices.get(backend)
    const device = own?.get(index)
    if (!device) return null
    if (device.lost === null) return device
    own?.delete(index)
    return null
  }

  async open(backend: Backend, index: number): Promise<BackendDevice> {
    const known = this.get(backend, index)
    if (known) return known
    const own = mapOf(this.#opening, backend)
    const inProgress = own.get(index)
    if (inProgress) return inProgress
    const opening = backend.open(index).then((device) => this.#remember(backend, index, device))
    own.set(index, opening)
    try {
      return await opening
    } finally {
      own.delete(index)
    }
  }

  /** `null` where the backend opens in its own time only. */
  openSync(backend: Backend, index: number): BackendDevice | null {
    const known = this.get(backend, index)
    if (known || !backend.openSync) return known
    return this.#remember(backend, index, backend.openSync(index))
  }

  /** Somebody may have opened the same device at once while this one was on its way. */
  #remember(backend: Backend, index: number, device: BackendDevice): BackendDevice {
    const known = this.get(backend, index)
    if (known && known !== device) {
      device.close()
      return known
    }
    mapOf(this.#devices, backend).set(index, device)
    return device
  }
}

function mapOf<V>(maps: Map<Backend, Map<number, V>>, backend: Backend): Map<number, V> {
  const found = maps.get(backend)
  if (found) return found
  const made = new Map<number, V>()
  maps.set(backend, made)
  return made
}
