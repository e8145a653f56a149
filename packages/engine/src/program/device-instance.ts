import { InternalError, type BackendDevice, type Binding, type DeviceMemory, type Launch, type Recording } from '@equivar/core'
import { elementCount } from '../array/shape.ts'
import { constantOn, executableOf } from '../compiled/backend.ts'
import { newStorage } from '../compiled/execute.ts'
import { checkIndices } from '../compiled/index-uses.ts'
import { orderOf } from '../compiled/orders.ts'
import type { AbstractValue } from '../graph/value.ts'
import { allocateBytes } from '../memory/allocate.ts'
import { Pack } from '../memory/pack.ts'
import { Storage } from '../memory/storage.ts'
import { fromWords } from '../memory/words.ts'
import { requireRepresentable } from '../naive/elementwise.ts'
import { requireRows } from '../naive/structure.ts'
import { constantBuffers, isConstant, touchedBy } from './constant-buffers.ts'
import { planDevice, type BufferId, type BufferLaunch, type DevicePlan, type HostCheck, type PlanOptions } from './device-plan.ts'
import type { StepExplanation } from './explain.ts'
import type { ProgramGraph } from './graph.ts'
import { givenStorage, InputCopies, type GivenBuffer } from './input-copies.ts'
import type { Instance } from './instance.ts'
import { placeBuffers, type Placement, type Stretch } from './placement.ts'
import type { SharedArena, ArenaUser } from './shared-arena.ts'
import { releaseGraph } from './trace.ts'

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

interface OutputBuffer {
  readonly id: number
  readonly buffer: BufferId
  /** Number of the input that it is; a constant; or made by a call. */
  readonly source: number | 'constant' | 'made'
}

/** Replays that are timed together. */
const timedReplays = 5

/** Replays the launches of a program on a device. */
export class DeviceInstance implements Instance, ArenaUser {
  readonly graph: ProgramGraph
  readonly #backend: BackendDevice
  readonly #arena: SharedArena
  readonly #plan: DevicePlan
  readonly #places: readonly Place[]
  readonly #segments: readonly Segment[]
  readonly #copies: InputCopies
  /** What kernels use where it is. */
  readonly #called: readonly GivenBuffer[]
  readonly #inputChecks: readonly { readonly input: number; readonly rows: number; readonly what: string }[]
  readonly #outputs: readonly OutputBuffer[]
  readonly #placement: Placement
  /** Buffers that are in memory of a call, during it. */
  readonly #bound = new Map<BufferId, Binding>()
  readonly #owned: DeviceMemory[] = []
  #memory: DeviceMemory | undefined
  #isDisposed = false

  /** Takes over the graph. @throws {DeviceError} if there is no room. */
  constructor(graph: ProgramGraph, backend: BackendDevice, arena: SharedArena, options: PlanOptions) {
    this.graph = graph
    this.#backend = backend
    this.#arena = arena
    this.#plan = planDevice(graph, backend, options)
    const outputs = graph.outputs.map((id) => this.#bufferOf(id))
    const constant = constantBuffers(this.#plan, outputs)
    this.#placement = placeBuffers(this.#plan, outputs, backend, constant)
    try {
      this.#places = this.#plan.buffers.map((_, buffer): Place => {
        const offset = this.#placement.offsets.get(buffer)
        if (offset !== undefined) return { kind: 'arena', offset }
        return this.#ownPlace(buffer, constant)
      })
      this.#checkConstants()
      for (const launch of this.#plan.work) if (launch.kind === 'launch' && isConstant(launch, constant)) backend.enqueue(this.#launchOf(launch))
    } catch (error) {
      for (const memory of this.#owned) memory.release()
      throw error
    }
    const given = this.#givenBuffers()
    this.#copies = new InputCopies(backend, this.#placement.inputs, given)
    // Orders first: the host can make them as long as index arrays have not moved to the device.
    const called = given.filter(({ buffer }) => this.#places[buffer]?.kind === 'call')
    this.#called = [...called.filter(({ order }) => order), ...called.filter(({ order }) => !order)]
    this.#inputChecks = this.#plan.checks.flatMap(({ buffer, rows, what }) => {
      const kind = this.#plan.buffers[buffer]?.kind
      return kind?.kind === 'input' ? [{ input: kind.input, rows, what }] : []
    })
    this.#outputs = graph.outputs.map((id) => {
      const buffer = this.#bufferOf(id)
      const kind = this.#plan.buffers[buffer]?.kind
      return { id, buffer, source: kind?.kind === 'input' ? kind.input : kind?.kind === 'constant' ? 'constant' : 'made' }
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
      arenaBytes: this.#placement.bytes,
      peakBytes: this.#placement.peakBytes,
      intermediateBytes: buffers.reduce((sum, { kind, bytes }) => sum + (kind.kind === 'inner' ? bytes : 0), 0),
    }
  }

  explain(): readonly StepExplanation[] {
    return this.#plan.explanations.map((step, k) => {
      const resources = (this.#plan.kernels[k] ?? []).map((kernel) => this.#backend.compile(kernel).resources?.())
      const known = resources.filter((own) => own !== undefined)
      return known.length > 0 && known.length === resources.length ? { ...step, resources: known } : step
    })
  }

  async profile(): Promise<readonly StepExplanation[]> {
    const { measure } = this.#backend
    const [only, ...others] = this.#segments
    // All steps in order, each on what those before it made again: else kernels would find indices that are none.
    const isWhole = only?.kind === 'recording' && others.length === 0 && this.#memory !== undefined && this.#arena.lastUser === this
    if (!measure || !isWhole) return this.explain()
    const timed = this.explain().map(async (step, k): Promise<StepExplanation> => {
      const own = only.launches.filter((launch) => launch.step === k)
      return own.length > 0 ? { ...step, milliseconds: await this.#timeOf(own, measure.bind(this.#backend)) } : step
    })
    // All are enqueued by now, before anything else can be.
    return Promise.all(timed)
  }

  run(inputs: readonly Storage[]): readonly Storage[] {
    for (const { input, rows, what } of this.#inputChecks) {
      const indices = inputs[input]
      if (indices) checkIndices(what, indices, rows)
    }
    const made = new Map<BufferId, Storage>()
    try {
      // Memory of this call, for outputs that are not copied.
      for (const { buffer, id, source } of this.#outputs)
        if (source === 'made' && this.#places[buffer]?.kind === 'call' && !made.has(buffer)) made.set(buffer, this.#newStorage(id))
      this.#bind(inputs, made)
      this.#record()
      for (const segment of this.#segments) {
        if (segment.kind === 'recording') segment.recording?.replay()
        else if (segment.kind === 'launch') this.#backend.enqueue(this.#launchOf(segment.launch))
        else this.#look(segment.check)
      }
      for (const stretch of this.#placement.outputs) this.#copyOut(stretch, made)
      return this.#results(inputs, made)
    } catch (error) {
      for (const storage of made.values()) storage.release()
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
    this.#copies.forget()
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

  /** Milliseconds of launches on what is in the arena. */
  async #timeOf(launches: readonly BufferLaunch[], measure: (run: () => void) => Promise<number>): Promise<number> {
    const recording = this.#backend.record(launches.map((launch) => this.#launchOf(launch)))
    try {
      recording.replay()
      const all = await measure(() => {
        for (let k = 0; k < timedReplays; k++) recording.replay()
      })
      return all / timedReplays
    } finally {
      recording.dispose()
    }
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
      return of?.kind === 'input' && place.kind !== 'own' && isUsed ? [{ buffer, input: of.input, order }] : []
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

  #bind(inputs: readonly Storage[], made: ReadonlyMap<BufferId, Storage>): void {
    const memory = this.#placement.bytes > 0 ? this.#arena.atLeast(this.#placement.bytes) : undefined
    if (memory !== this.#memory) this.arenaMoved()
    this.#memory = memory
    if (this.#arena.lastUser !== this) this.#copies.forget()
    this.#arena.lastUser = this
    for (const [buffer, storage] of made) this.#bound.set(buffer, storage.on(this.#backend))
    if (memory) this.#copies.copy(memory, inputs)
    for (const given of this.#called) this.#bound.set(given.buffer, givenStorage(given, inputs).on(this.#backend))
  }

  #look(check: HostCheck): void {
    const bytes = this.#backend.view?.(this.#bindingOf(check.buffer))
    if (!bytes) throw new InternalError(`${this.#backend.name}: its memory cannot be seen by the host`)
    if (check.kind === 'indices') requireRows(check.what, fromWords(bytes, 'int32'), check.rows)
    else requireRepresentable({ ...check.spec, data: fromWords(bytes, check.spec.dtype) }, check.dtype)
  }

  /** Storages for what lies side by side in the arena, with one copy. */
  #copyOut({ buffers, byteOffset, byteLength }: Stretch, made: Map<BufferId, Storage>): void {
    const [backend, arena] = [this.#backend, this.#memory]
    if (!arena) throw new InternalError('results of a program have no memory')
    const { memory } = allocateBytes(backend, byteLength, () => 'what a program computes')
    try {
      backend.copy({ memory, byteOffset: 0, byteLength }, { memory: arena, byteOffset, byteLength })
    } catch (error) {
      memory.release()
      throw error
    }
    const pack = new Pack(backend, memory)
    for (const { buffer, ...part } of buffers) {
      const { dtype, shape } = this.#spec(this.#outputs.find((own) => own.buffer === buffer)?.id ?? -1)
      made.set(buffer, Storage.ofPlace({ backend, binding: { memory, ...part }, pack }, dtype, elementCount(shape), this.graph.device))
    }
  }

  #results(inputs: readonly Storage[], made: ReadonlyMap<BufferId, Storage>): readonly Storage[] {
    const taken = new Set<BufferId>()
    return this.#outputs.map(({ buffer, source }) => {
      const storage = typeof source === 'number' ? inputs[source] : source === 'constant' ? this.#constantIn(buffer) : made.get(buffer)
      if (!storage) throw new InternalError(`buffer ${buffer} of a program is an output that nothing makes`)
      // What this call made has one holder from the start, the first who is given it.
      const isNew = source === 'made' && !taken.has(buffer)
      taken.add(buffer)
      return isNew ? storage : storage.retain()
    })
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
