import { DeviceError, InputError } from '../../errors.ts'
import type { Backend, BackendDevice, DeviceKind } from '../contract.ts'
import { type Found, findInstalled, packages } from './installed.ts'
import { OpenDevices } from './open-devices.ts'

/** A device that was asked and could not serve. */
export interface Refusal {
  readonly name: string
  readonly reason: string
}

/** What a name of a device came to. */
export interface DeviceChoice {
  /** `'cpu'`, `'webgpu'`, `'cuda:0'`: never `'auto'`. */
  readonly name: string
  /** `null`: the processor without kernels, where engine's naive evaluation serves. */
  readonly backend: BackendDevice | null
  /** What was asked before, in order. */
  readonly refused: readonly Refusal[]
}

/** Something that is worth knowing, and no error. */
export interface DeviceDiagnostic extends DeviceChoice {
  readonly event: 'chosen'
  /** What was asked for. */
  readonly requested: string
  /** One line for people. */
  readonly message: string
}

/** What stands behind a kind of device on this machine. */
export interface DeviceFinding extends DeviceChoice {
  readonly kind: DeviceKind
  /** What would make the device possible, or give it kernels; `null` where kernels run on it. */
  readonly remedy: string | null
}

export type DiagnosticListener = (diagnostic: DeviceDiagnostic) => void

/** What `auto` prefers, the processor without kernels coming last. */
const preference: readonly DeviceKind[] = ['cuda', 'webgpu', 'cpu']

/** What makes a kind of device possible. */
const remedies: { readonly [K in DeviceKind]: string } = {
  cuda: `install ${packages.cuda.name} and a driver for an NVIDIA GPU`,
  webgpu: `install ${packages.webgpu.name} where WebGPU is available (in Node: with the npm package webgpu; in a page: and register it with use(webgpu))`,
  cpu: `install ${packages.cpu.name}`,
}

/** Which backends there are, and the devices opened from them. */
export class BackendRegistry {
  readonly #findInstalled: (kind: DeviceKind) => Promise<Found>
  readonly #installed = new Map<DeviceKind, Promise<Found>>()
  readonly #listeners = new Set<DiagnosticListener>()
  readonly #told = new Map<string, string>()
  readonly #open = new OpenDevices()
  /** What was registered last is asked first. */
  #backends: readonly Backend[] = []
  /** And behind them, what was installed and opened. */
  #found: readonly Backend[] = []

  constructor(find: (kind: DeviceKind) => Promise<Found> = findInstalled) {
    this.#findInstalled = find
  }

  use(...backends: readonly Backend[]): void {
    const kinds: readonly string[] = preference
    for (const backend of backends) {
      if (!kinds.includes(backend.kind)) throw new InputError(`use: a backend has kind '${backend.kind}', but must have one of ${preference.join(', ')}`)
      this.#backends = [backend, ...this.#backends.filter((other) => other !== backend)]
    }
  }

  async device(name: string): Promise<DeviceChoice> {
    const { kinds, index } = parseName(name)
    const refused: Refusal[] = []
    for (const kind of kinds) {
      const backend = await this.#openOne(kind, index, refused)
      if (backend) return this.#tell(name, { name: nameOf(kind, index), backend, refused })
    }
    if (kinds.includes('cpu') && index === 0) return this.#tell(name, { name: 'cpu', backend: null, refused })
    const reasons = refused.map(({ reason }) => reason).join('; ')
    const instead = kinds.includes('cpu') ? 'leave the number away' : "ask for 'auto'"
    throw new DeviceError(`device '${name}' cannot be had: ${reasons}. Remedy: ${kinds.map((kind) => remedies[kind]).join('; ')}, or ${instead}`)
  }

  async survey(): Promise<readonly DeviceFinding[]> {
    const findings: DeviceFinding[] = []
    for (const kind of preference) {
      const refused: Refusal[] = []
      const backend = await this.#openOne(kind, 0, refused)
      findings.push({ kind, name: nameOf(kind, 0), backend, refused, remedy: backend ? null : remedies[kind] })
    }
    return findings
  }

  registered(name: string): BackendDevice | null {
    const { kinds, index } = parseName(name)
    for (const kind of kinds)
      for (const backends of [this.#backends, this.#found])
        for (const backend of backends)
          if (backend.kind === kind) {
            const device = this.#open.openSync(backend, index)
            if (device) return device
          }
    return null
  }

  onDiagnostic(listener: DiagnosticListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async #openOne(kind: DeviceKind, index: number, refused: Refusal[]): Promise<BackendDevice | null> {
    const name = nameOf(kind, index)
    for (const backend of this.#backends.filter((own) => own.kind === kind)) {
      const device = await this.#tryOpen(backend, index, (reason) => refused.push({ name, reason }))
      if (device) return device
    }
    let search = this.#installed.get(kind)
    if (!search) this.#installed.set(kind, (search = this.#findInstalled(kind)))
    const found = await search
    if ('reason' in found) {
      // Where one is registered, that none is installed is no news.
      if (!this.#backends.some((own) => own.kind === kind)) refused.push({ name, reason: found.reason })
      return null
    }
    if (this.#backends.includes(found.backend)) return null
    const device = await this.#tryOpen(found.backend, index, (reason) => refused.push({ name, reason }))
    if (device && !this.#found.includes(found.backend)) this.#found = [...this.#found, found.backend]
    return device
  }

  async #tryOpen(backend: Backend, index: number, refuse: (reason: string) => void): Promise<BackendDevice | null> {
    try {
      const known = this.#open.get(backend, index)
      if (known) return known
      const availability = await backend.available()
      if (availability.isAvailable) return await this.#open.open(backend, index)
      refuse(availability.reason)
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error))
    }
    return null
  }

  #tell(requested: string, choice: DeviceChoice): DeviceChoice {
    const message = choiceText(requested, choice)
    if (this.#told.get(requested) === message) return choice
    this.#told.set(requested, message)
    for (const listener of this.#listeners) listener({ event: 'chosen', requested, message, ...choice })
    return choice
  }
}

function parseName(name: string): { readonly kinds: readonly DeviceKind[]; readonly index: number } {
  if (name === 'auto') return { kinds: preference, index: 0 }
  const [, kind, number] = /^(cpu|webgpu|cuda)(?::(\d{1,4}))?$/.exec(name) ?? []
  const found = preference.find((own) => own === kind)
  if (!found) throw new DeviceError(`device '${name}' is unknown; names are 'auto', 'cpu', 'webgpu', 'cuda' and, with a number, 'cuda:1'`)
  return { kinds: [found], index: Number(number ?? 0) }
}

function nameOf(kind: DeviceKind, index: number): string {
  return kind === 'cuda' || index > 0 ? `${kind}:${index}` : kind
}

function choiceText(requested: string, { name, backend, refused }: DeviceChoice): string {
  const what = backend ? `${name}: ${backend.description}` : `${name}, without kernels`
  const others = refused.length > 0 ? `; not ${refused.map((refusal) => `${refusal.name} (${refusal.reason})`).join(', ')}` : ''
  return `device '${requested}' is ${what}${others}`
}
