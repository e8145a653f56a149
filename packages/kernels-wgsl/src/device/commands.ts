import type { DeviceError } from '@equivar/core'
import type { Dispatch } from './dispatch.ts'
import type { Variant } from './executable.ts'
import { BindGroups, uniformBytes } from './bind-groups.ts'
import { bufferUsage, mapModeRead } from './gpu.ts'
import type { Packing, Stretch } from './placement.ts'
import { type Block, blockOf } from './pool.ts'

/** Numbers of launches that are submitted at once. */
const uniformBufferBytes = 1 << 18
/** Launches after which the graphics card shall begin, though more may come. */
const launchesPerSubmit = 256

/** A command buffer that is being made. */
export interface Encoding {
  /** Outside of passes. */
  readonly encoder: () => GPUCommandEncoder
  readonly pass: () => GPUComputePassEncoder
}

/** What can be encoded again and again. */
export interface Encodable {
  encode(encoding: Encoding): void
  /** Command buffers serve once; this one has not been used. */
  take(): GPUCommandBuffer
  /** Encodes the next one while the graphics card works. */
  prepare(): void
}

interface PendingRead {
  readonly staging: Block
  readonly byteLength: number
  readonly resolve: (bytes: ArrayBuffer) => void
}

interface Deferred {
  readonly variants: readonly Variant[]
  readonly act: () => void
}

/**
 * The one queue of a device. Launches and copies are collected in command buffers, which are submitted when the caller lets go of the
 * thread, when the host writes, or when there are many. What needs a pipeline that is still being compiled waits, and everything behind it.
 */
export class Commands {
  readonly #device: GPUDevice
  readonly #bindGroups: BindGroups
  readonly #fail: (error: unknown) => void
  readonly #alignment: number
  readonly #uniforms: Block
  readonly #words = new Uint32Array(uniformBufferBytes / 4)
  readonly #encoding: Encoding = { encoder: () => this.#openEncoder(), pass: () => this.#openPass() }
  #usedBytes = 0
  #encoder: GPUCommandEncoder | null = null
  #pass: GPUComputePassEncoder | null = null
  #finished: GPUCommandBuffer[] = []
  #replayed = new Set<Encodable>()
  #reads: PendingRead[] = []
  #numLaunches = 0
  #isScheduled = false
  #numSubmits = 0
  readonly #deferred: Deferred[] = []
  #isDraining = false
  readonly #staging = new Map<number, Block[]>()
  readonly #waiting = new Set<(error: DeviceError) => void>()
  #ended: DeviceError | null = null

  /** @param fail is told what ends the device. */
  constructor(device: GPUDevice, fail: (error: unknown) => void) {
    this.#device = device
    this.#fail = fail
    this.#bindGroups = new BindGroups(device)
    this.#alignment = device.limits.minUniformBufferOffsetAlignment
    this.#uniforms = blockOf(device.createBuffer({ label: 'numbers of launches', size: uniformBufferBytes, usage: bufferUsage.uniform | bufferUsage.copyTarget }))
  }

  get numSubmits(): number {
    return this.#numSubmits
  }

  /** Does something in its turn; at once, unless a pipeline is missing. */
  perform(act: () => void, variants: readonly Variant[] = []): void {
    const missing = variants.filter(({ pipeline }) => pipeline === null)
    if (this.#deferred.length === 0 && missing.length === 0) {
      act()
      return
    }
    this.#deferred.push({ variants: missing, act })
    if (!this.#isDraining) void this.#drain()
  }

  /** Whether things wait for their turn, so that data of the host has to be copied. */
  get isWaiting(): boolean {
    return this.#deferred.length > 0
  }

  /** A promise that ends when the device does, at the latest. */
  whileOpen<T>(start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const give = (error: DeviceError) => {
        reject(error)
      }
      this.#waiting.add(give)
      const done = () => this.#waiting.delete(give)
      start(
        (value) => {
          done()
          resolve(value)
        },
        (error: unknown) => {
          done()
          reject(error instanceof Error ? error : new Error(String(error)))
        },
      )
    })
  }

  launch(dispatch: Dispatch): void {
    const bytes = uniformBytes(dispatch)
    const place = Math.ceil(this.#usedBytes / this.#alignment) * this.#alignment
    if (place + bytes > uniformBufferBytes || this.#numLaunches >= launchesPerSubmit) {
      this.flush()
      this.launch(dispatch)
      return
    }
    this.#words.set(dispatch.words, place / 4)
    this.#usedBytes = place + bytes
    if (dispatch.packing) encodePacking(this.#openEncoder(), dispatch.packing)
    encodeDispatch(this.#openPass(), dispatch, this.#bindGroups.of(dispatch, this.#uniforms), place)
    this.#numLaunches++
    this.#schedule()
  }

  replay(recording: Encodable): void {
    // A command buffer of its own costs more than it saves where others are under way.
    if (this.#encoder) recording.encode(this.#encoding)
    else {
      this.#finished.push(recording.take())
      this.#replayed.add(recording)
    }
    this.#schedule()
  }

  write(block: Block, byteOffset: number, data: Uint8Array<ArrayBuffer>): void {
    if (this.#encoder || this.#finished.length > 0) this.flush()
    this.#device.queue.writeBuffer(block.buffer, byteOffset, data)
  }

  /** Lengths are multiples of four; the buffers are two. */
  copy(target: Pick<Stretch, 'block' | 'byteOffset'>, { block, byteOffset, byteLength }: Stretch): void {
    this.#openEncoder().copyBufferToBuffer(block.buffer, byteOffset, target.block.buffer, target.byteOffset, byteLength)
    this.#schedule()
  }

  /** @param byteLength a multiple of four. */
  read(block: Block, byteOffset: number, byteLength: number, resolve: (bytes: ArrayBuffer) => void): void {
    const staging = this.#takeStaging(byteLength)
    this.#openEncoder().copyBufferToBuffer(block.buffer, byteOffset, staging.buffer, 0, byteLength)
    this.#reads.push({ staging, byteLength, resolve })
    this.#schedule()
  }

  /** The end of everything so far on the graphics card's clock becomes an entry of the query set: that of a pass that does nothing. */
  mark(querySet: GPUQuerySet, entry: number): void {
    this.#openEncoder().beginComputePass({ timestampWrites: { querySet, endOfPassWriteIndex: entry } }).end()
    this.#schedule()
  }

  /** Writes what a query set holds to a buffer, 8 bytes an entry. */
  resolve(querySet: GPUQuerySet, { buffer }: Block): void {
    this.#openEncoder().resolveQuerySet(querySet, 0, querySet.count, buffer, 0)
    this.#schedule()
  }

  /** Hands everything that was collected to the graphics card. */
  flush(): void {
    this.#finish()
    if (this.#finished.length === 0) return
    const { queue } = this.#device
    if (this.#usedBytes > 0) queue.writeBuffer(this.#uniforms.buffer, 0, this.#words, 0, this.#usedBytes / 4)
    queue.submit(this.#finished)
    this.#numSubmits++
    const [reads, replayed] = [this.#reads, this.#replayed]
    this.#finished = []
    this.#reads = []
    this.#replayed = new Set()
    this.#usedBytes = 0
    this.#numLaunches = 0
    for (const read of reads) void this.#map(read)
    for (const recording of replayed) recording.prepare()
  }

  /** Resolves when the graphics card has done everything. */
  async done(): Promise<void> {
    this.flush()
    await this.#device.queue.onSubmittedWorkDone()
  }

  /** Destroys a buffer that nothing will use, when nothing uses it. */
  drop({ buffer }: Block): void {
    this.#bindGroups.clear()
    this.flush()
    buffer.destroy()
  }

  end(error: DeviceError): void {
    if (this.#ended) return
    this.#ended = error
    this.#deferred.length = 0
    this.#reads = []
    this.#bindGroups.clear()
    for (const reject of this.#waiting) reject(error)
    this.#waiting.clear()
  }

  async #drain(): Promise<void> {
    this.#isDraining = true
    try {
      for (let next = this.#deferred[0]; next; next = this.#deferred[0]) {
        await Promise.all(next.variants.map(({ ready }) => ready))
        const failed = next.variants.find(({ error }) => error !== null)
        if (failed) throw failed.error ?? new Error('a pipeline is missing')
        // The device may have ended meanwhile.
        if (this.#deferred[0] !== next) break
        next.act()
        this.#deferred.shift()
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isDraining = false
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (this.#ended) return
      try {
        this.flush()
      } catch (error) {
        this.#fail(error)
      }
    })
  }

  #openEncoder(): GPUCommandEncoder {
    this.#pass?.end()
    this.#pass = null
    this.#encoder ??= this.#device.createCommandEncoder()
    return this.#encoder
  }

  #openPass(): GPUComputePassEncoder {
    this.#pass ??= this.#openEncoder().beginComputePass()
    return this.#pass
  }

  #finish(): void {
    if (!this.#encoder) return
    this.#pass?.end()
    this.#pass = null
    this.#finished.push(this.#encoder.finish())
    this.#encoder = null
  }

  async #map({ staging, byteLength, resolve }: PendingRead): Promise<void> {
    const { buffer } = staging
    try {
      await buffer.mapAsync(mapModeRead, 0, byteLength)
      const bytes = buffer.getMappedRange(0, byteLength).slice(0)
      buffer.unmap()
      this.#staging.set(staging.byteLength, [...(this.#staging.get(staging.byteLength) ?? []), staging])
      resolve(bytes)
    } catch (error) {
      this.#fail(error)
    }
  }

  #takeStaging(byteLength: number): Block {
    const size = 2 ** Math.ceil(Math.log2(Math.max(256, byteLength)))
    const known = this.#staging.get(size)?.pop()
    return known ?? blockOf(this.#device.createBuffer({ label: 'read back', size, usage: bufferUsage.mapRead | bufferUsage.copyTarget }))
  }
}

/** Outside of passes. */
export function encodePacking(encoder: GPUCommandEncoder, { block, copies }: Packing): void {
  for (const { from, to } of copies) encoder.copyBufferToBuffer(from.block.buffer, from.byteOffset, block.buffer, to, from.byteLength)
}

export function encodeDispatch(pass: GPUComputePassEncoder, { variant, groupsX, groupsY }: Dispatch, group: GPUBindGroup, uniformOffset: number): void {
  if (!variant.pipeline) throw variant.error ?? new Error('a pipeline is missing')
  pass.setPipeline(variant.pipeline)
  pass.setBindGroup(0, group, [uniformOffset])
  pass.dispatchWorkgroups(groupsX, groupsY)
}
