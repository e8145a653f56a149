import { InternalError, type BackendDevice, type Binding, type DeviceMemory, type Launch, type Recording } from '@equivar/core'
import { elementCount } from '../array/shape.ts'
import { constantOn, executableOf } from '../compiled/backend.ts'
import { newStorage } from '../compiled/execute.ts'
import { checkIndices } from '../compiled/index-uses.ts'
import { orderOf } from '../compiled/orders.ts'
import type { AbstractValue } from '../graph/value.ts'
import { allocateBytes } from '../memory/allocate.ts'
import type { Storage } from '../memory/storage.ts'
import { fromWords, toWords } from '../memory/words.ts'
import { requireRepresentable } from '../naive/elementwise.ts'
import { requireRows } from '../naive/structure.ts'
import { layoutArena, type Interval } from './arena.ts'
import { constantBuffers, isConstant, touchedBy } from './constant-buffers.ts'
import { planDevice, type BufferId, type BufferLaunch, type DevicePlan, type HostCheck, type OrderPart } from './device-plan.ts'
import type { StepExplanation } from './explain.ts'
import type { ProgramGraph } from './graph.ts'
import type { Instance } from './instance.ts'
import type { SharedArena, ArenaUser } from './shared-arena.ts'
import { releaseGraph } from './trace.ts'

/** Inputs and outputs of more bytes are not copied: kernels that use them are launched on the memory of every call. */
const largestCopy = 1 << 20
/** Places in the arena are multiples of a cache line. */
const cacheLine = 64

/** Where a buffer is. */
type Place =
  /** In the arena, at an offset. */
  | { readonly kind: 'arena'; readonly offset: number }
  /** In memory of its own for as long as the instance lives. */
  | { readonly kind: 'own'; readonly binding: Binding }
  /** In memory that comes with a call. */
  | { readonly kind: 'call' }

/** One part of a call: a recorded sequence, a launch on memory of this call, or work of the host. */
type Segment =
  | { readonly kind: 'recording'; readonly launches: readonly BufferLaunch[]; recording: Recording | undefined }
  | { readonly kind: 'launch'; readonly launch: BufferLaunch }
  | { readonly kind: 'check'; readonly check: HostCheck }

/** A buffer that an input fills. */
interface GivenBuffer {
  readonly buffer: BufferId
  readonly input: number
  /** Whether it is in the arena; otherwise kernels use the input where it is. */
  readonly isCopied: boolean
  /** What of the input's order it is, if not the input itself. */
  readonly order: { readonly rows: number; readonly part: OrderPart } | undefined
}

interface OutputBuffer {
  readonly id: number
  readonly buffer: BufferId
  /** Number of the input that it is; a constant; in memory of the call; or copied from the arena. */
  readonly source: number | 'constant' | 'direct' | 'arena'
}

/** Replays the launches of a program on a device. */
export class DeviceInstance implements Instance, ArenaUser {
  readonly graph: ProgramGraph
  readonly #backend: BackendDevice
  readonly #arena: SharedArena
  readonly #plan: DevicePlan
  readonly #places: readonly Place[]
  readonly #segments: readonly Segment[]
  readonly #given: readonly GivenBuffer[]
  readonly #inputChecks: readonly { readonly input: number; readonly rows: number; readonly what: string }[]
  readonly #outputs: readonly OutputBuffer[]
  readonly #arenaBytes: number
  readonly #peakBytes: number
  /** Buffers that are in memory of a call, during it. */
  readonly #bound = new Map<BufferId, Binding>()
  /** What was last copied into the arena for an input. */
  readonly #copied = new Map<BufferId, Storage>()
  readonly #owned: DeviceMemory[] = []
  #memory: DeviceMemory | undefined
  #isDisposed = false

  /** Takes over the graph. @throws {DeviceError} if there is no room. */
  constructor(graph: ProgramGraph, backend: BackendDevice, arena: SharedArena, checksIndices: boolean) {
    this.graph = graph
    this.#backend = backend
    this.#arena = arena
    this.#plan = planDevice(graph, backend, checksIndices)
    const constant = constantBuffers(this.#plan, graph.outputs.map((id) => this.#bufferOf(id)))
    const lifetimes = this.#lifetimes(constant)
    const layout = layoutArena([...lifetimes.values()], Math.max(cacheLine, backend.capabilities.alignment))
    const offsets = new Map([...lifetimes.keys()].map((buffer, k) => [buffer, layout.offsets[k] ?? 0]))
    // Arrays without elements have an address too.
    this.#arenaBytes = layout.offsets.length > 0 ? Math.max(cacheLine, layout.bytes) : 0
    this.#peakBytes = layout.peakBytes
    try {
      this.#places = this.#plan.buffers.map((_, buffer): Place => {
        const offset = offsets.get(buffer)
        if (offset !== undefined) return { kind: 'arena', offset }
        return this.#ownPlace(buffer, constant)
      })
      this.#checkConstants()
      for (const launch of this.#plan.work) if (launch.kind === 'launch' && isConstant(launch, constant)) backend.enqueue(this.#launchOf(launch))
    } catch (error) {
      for (const memory of this.#owned) memory.release()
      throw error
    }
    // Orders first: the host can make them as long as index arrays have not moved to the device.
    this.#given = [...this.#givenBuffers()].sort((a, b) => Number(b.order !== undefined) - Number(a.order !== undefined))
    this.#inputChecks = this.#plan.checks.flatMap(({ buffer, rows, what }) => {
      const kind = this.#plan.buffers[buffer]?.kind
      return kind?.kind === 'input' ? [{ input: kind.input, rows, what }] : []
    })
    this.#outputs = graph.outputs.map((id) => {
      const buffer = this.#bufferOf(id)
      const kind = this.#plan.buffers[buffer]?.kind
      const isDirect = kind?.kind === 'inner' && this.#places[buffer]?.kind === 'call'
      return { id, buffer, source: kind?.kind === 'input' ? kind.input : kind?.kind === 'constant' ? 'constant' : isDirect ? 'direct' : 'arena' }
    })
    this.#segments = this.#segmentsOf(this.#plan.work.filter((work) => !(work.kind === 'launch' && isConstant(work, constant))))
    arena.join(this)
  }

  get memory(): Instance['memory'] {
    const { work, buffers } = this.#plan
    const launches = work.filter((item) => item.kind === 'launch')
    const repeated = this.#segments.reduce((sum, segment) => sum + (segment.kind === 'recording' ? segment.launches.length : segment.kind === 'launch' ? 1 : 0), 0)
    return {
      kernels: new Set(launches.map(({ launch }) => launch.kernel)).size,
      launches: repeated,
      arenaBytes: this.#arenaBytes,
      peakBytes: this.#peakBytes,
      intermediateBytes: buffers.reduce((sum, { kind, bytes }) => sum + (kind.kind === 'inner' ? bytes : 0), 0),
    }
  }

  explain(): readonly StepExplanation[] {
    return this.#plan.explanations
  }

  run(inputs: readonly Storage[]): readonly Storage[] {
    for (const { input, rows, what } of this.#inputChecks) {
      const indices = inputs[input]
      if (indices) checkIndices(what, indices, rows)
    }
    const outputs = this.#directOutputs()
    try {
      this.#bind(inputs, outputs)
      this.#record()
      for (const segment of this.#segments) {
        if (segment.kind === 'recording') segment.recording?.replay()
        else if (segment.kind === 'launch') this.#backend.enqueue(this.#launchOf(segment.launch))
        else this.#look(segment.check)
      }
      return this.#results(inputs, outputs)
    } catch (error) {
      for (const storage of outputs.values()) storage.release()
      throw error
    } finally {
      this.#bound.clear()
    }
  }

  arenaMoved(): void {
    for (const segment of this.#segments)
      if (segment.kind === 'recording') {
        segment.recording?.dispose()
        segment.recording = undefined
      }
    this.#copied.clear()
    this.#memory = undefined
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.arenaMoved()
    this.#arena.leave(this)
    for (const memory of this.#owned) memory.release()
    releaseGraph(this.graph)
  }

  /** From the first to the last work that touches it, of every buffer in the arena. */
  #lifetimes(constant: ReadonlySet<BufferId>): Map<BufferId, Interval> {
    const { buffers, work } = this.#plan
    const end = work.length
    const found = new Map<BufferId, { first: number; last: number }>()
    const touch = (buffer: BufferId, at: number) => {
      const own = found.get(buffer)
      if (own) own.last = at
      else found.set(buffer, { first: at, last: at })
    }
    for (const [at, item] of work.entries()) for (const buffer of touchedBy(item)) touch(buffer, at)
    for (const id of this.graph.outputs) touch(this.#bufferOf(id), end)
    const lifetimes = new Map<BufferId, Interval>()
    for (const [buffer, { first, last }] of found) {
      const { kind, bytes } = buffers[buffer] ?? { kind: { kind: 'inner' }, bytes: 0 }
      if (constant.has(buffer) || this.#isCalled(buffer)) continue
      // Inputs stay until the next call, which may bring the same ones.
      const isKept = kind.kind === 'input' || kind.kind === 'order'
      lifetimes.set(buffer, isKept ? { bytes, first: -1, last: end } : { bytes, first, last })
    }
    return lifetimes
  }

  /** Whether a buffer is in memory that comes with a call. */
  #isCalled(buffer: BufferId): boolean {
    const own = this.#plan.buffers[buffer]
    if (!own) return false
    const isRemote = !this.#backend.view
    if (own.kind.kind === 'input' || own.kind.kind === 'order') return isRemote || own.bytes > largestCopy
    return own.kind.kind === 'inner' && (isRemote || own.bytes > largestCopy) && this.graph.outputs.some((id) => this.#bufferOf(id) === buffer)
  }

  #ownPlace(buffer: BufferId, constant: ReadonlySet<BufferId>): Place {
    const { kind, bytes } = this.#plan.buffers[buffer] ?? { kind: { kind: 'inner' }, bytes: 0 }
    switch (kind.kind) {
      case 'constant':
        return { kind: 'own', binding: this.#constant(kind.tensor).on(this.#backend) }
      case 'table':
        return { kind: 'own', binding: { memory: constantOn(this.#backend, kind.data), byteOffset: 0, byteLength: kind.data.byteLength } }
      case 'order': {
        const of = this.#plan.buffers[kind.of]?.kind
        if (of?.kind !== 'constant') return { kind: 'call' }
        return { kind: 'own', binding: orderOf(this.#constant(of.tensor), kind.rows)[kind.part].on(this.#backend) }
      }
      case 'inner': {
        if (!constant.has(buffer)) return { kind: 'call' }
        const binding = allocateBytes(this.#backend, bytes, () => 'what a program computes from constants')
        this.#owned.push(binding.memory)
        return { kind: 'own', binding }
      }
      case 'input':
        return { kind: 'call' }
    }
  }

  #givenBuffers(): readonly GivenBuffer[] {
    return this.#places.flatMap((place, buffer) => {
      const kind = this.#plan.buffers[buffer]?.kind
      const order = kind?.kind === 'order' ? { rows: kind.rows, part: kind.part } : undefined
      const of = kind?.kind === 'order' ? this.#plan.buffers[kind.of]?.kind : kind
      // An index array may be needed for its order alone.
      const isUsed = place.kind === 'arena' || this.#plan.work.some((item) => touchedBy(item).includes(buffer))
      return of?.kind === 'input' && place.kind !== 'own' && isUsed ? [{ buffer, input: of.input, isCopied: place.kind === 'arena', order }] : []
    })
  }

  #segmentsOf(work: readonly (BufferLaunch | HostCheck)[]): readonly Segment[] {
    const segments: Segment[] = []
    let launches: BufferLaunch[] = []
    const close = () => {
      if (launches.length > 0) segments.push({ kind: 'recording', launches, recording: undefined })
      launches = []
    }
    for (const item of work) {
      if (item.kind !== 'launch') {
        close()
        segments.push({ kind: 'check', check: item })
      } else if (item.buffers.some((buffer) => this.#places[buffer]?.kind === 'call')) {
        close()
        segments.push({ kind: 'launch', launch: item })
      } else launches.push(item)
    }
    close()
    return segments
  }

  #launchOf({ launch, buffers }: BufferLaunch): Launch {
    return {
      executable: executableOf(this.#backend, launch.kernel),
      grid: launch.grid,
      parameters: launch.parameters,
      buffers: buffers.map((buffer) => this.#bindingOf(buffer)),
      work: Math.max(launch.flops, launch.bytes / 4),
    }
  }

  #bindingOf(buffer: BufferId): Binding {
    const place = this.#places[buffer]
    if (place?.kind === 'own') return place.binding
    const bound = place?.kind === 'call' ? this.#bound.get(buffer) : undefined
    if (bound) return bound
    if (place?.kind !== 'arena' || !this.#memory) throw new InternalError(`buffer ${buffer} of a program has no memory`)
    return { memory: this.#memory, byteOffset: place.offset, byteLength: this.#plan.buffers[buffer]?.bytes ?? 0 }
  }

  /** Recordings for where the arena is now. */
  #record(): void {
    for (const segment of this.#segments)
      if (segment.kind === 'recording') segment.recording ??= this.#backend.record(segment.launches.map((launch) => this.#launchOf(launch)))
  }

  #checkConstants(): void {
    for (const { buffer, rows, what } of this.#plan.checks) {
      const kind = this.#plan.buffers[buffer]?.kind
      if (kind?.kind === 'constant') checkIndices(what, this.#constant(kind.tensor), rows)
    }
  }

  /** Memory of this call, for outputs that are not copied. */
  #directOutputs(): Map<BufferId, Storage> {
    const found = new Map<BufferId, Storage>()
    try {
      for (const { buffer, id, source } of this.#outputs) if (source === 'direct' && !found.has(buffer)) found.set(buffer, this.#newStorage(id))
    } catch (error) {
      for (const storage of found.values()) storage.release()
      throw error
    }
    return found
  }

  #bind(inputs: readonly Storage[], outputs: ReadonlyMap<BufferId, Storage>): void {
    const memory = this.#arenaBytes > 0 ? this.#arena.atLeast(this.#arenaBytes) : undefined
    if (memory !== this.#memory) this.arenaMoved()
    this.#memory = memory
    if (this.#arena.lastUser !== this) this.#copied.clear()
    this.#arena.lastUser = this
    for (const [buffer, storage] of outputs) this.#bound.set(buffer, storage.on(this.#backend))
    for (const { buffer, input, isCopied, order } of this.#given) {
      const given = inputs[input]
      if (!given || (isCopied && this.#copied.get(buffer) === given)) continue
      const source = order ? orderOf(given, order.rows)[order.part] : given
      if (isCopied) {
        this.#backend.write(this.#bindingOf(buffer), toWords(visible(source)))
        this.#copied.set(buffer, given)
      } else this.#bound.set(buffer, source.on(this.#backend))
    }
  }

  #look(check: HostCheck): void {
    const bytes = this.#backend.view?.(this.#bindingOf(check.buffer))
    if (!bytes) throw new InternalError(`${this.#backend.name}: its memory cannot be seen by the host`)
    if (check.kind === 'indices') requireRows(check.what, fromWords(bytes, 'int32'), check.rows)
    else requireRepresentable({ ...check.spec, data: fromWords(bytes, check.spec.dtype) }, check.dtype)
  }

  #results(inputs: readonly Storage[], direct: ReadonlyMap<BufferId, Storage>): readonly Storage[] {
    const made = new Map<BufferId, Storage>()
    const results: Storage[] = []
    try {
      for (const { id, buffer, source } of this.#outputs) {
        const known = typeof source === 'number' ? inputs[source] : source === 'constant' ? this.#constantIn(buffer) : made.get(buffer)
        const storage = known?.retain() ?? direct.get(buffer) ?? this.#copyOut(id, buffer)
        if (!known) made.set(buffer, storage)
        results.push(storage)
      }
      return results
    } catch (error) {
      const isDirect = new Set(direct.values())
      for (const storage of results) if (!isDirect.has(storage)) storage.release()
      throw error
    }
  }

  #copyOut(id: number, buffer: BufferId): Storage {
    const storage = this.#newStorage(id)
    const binding = storage.on(this.#backend)
    const bytes = this.#backend.view?.(this.#bindingOf(buffer))
    if (!bytes) throw new InternalError('an output of a program lies where it cannot be copied from')
    this.#backend.write(binding, bytes)
    return storage
  }

  #newStorage(id: number): Storage {
    const { dtype, shape } = this.#spec(id)
    return newStorage(this.#backend, dtype, elementCount(shape), this.graph.device)
  }

  #constantIn(buffer: BufferId): Storage {
    const kind = this.#plan.buffers[buffer]?.kind
    if (kind?.kind !== 'constant') throw new InternalError(`buffer ${buffer} of a program is no constant`)
    return this.#constant(kind.tensor)
  }

  #constant(id: number): Storage {
    const storage = this.graph.constants.get(id)
    if (!storage) throw new InternalError(`tensor ${id} of a program is no constant`)
    return storage
  }

  #spec(id: number): AbstractValue {
    const spec = this.graph.tensors[id]
    if (!spec) throw new InternalError(`a program has no tensor ${id}`)
    return spec
  }

  #bufferOf(id: number): BufferId {
    return this.#plan.places[id] ?? -1
  }
}

function visible(storage: Storage): NonNullable<ReturnType<Storage['view']>> {
  const elements = storage.view()
  if (!elements) throw new InternalError('an input of a program is copied, but the host does not see it')
  return elements
}
