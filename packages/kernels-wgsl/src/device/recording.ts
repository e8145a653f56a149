import { uniformBytes, BindGroups } from './bind-groups.ts'
import { type Encodable, encodeDispatch, encodePacking, type Encoding } from './commands.ts'
import type { Dispatch } from './dispatch.ts'
import type { Block } from './pool.ts'

interface Prepared {
  readonly dispatch: Dispatch
  readonly group: GPUBindGroup
  readonly uniformOffset: number
}

/** Launches with their bind groups and numbers, encoded into one command buffer ahead of every replay. */
export class RecordedCommands implements Encodable {
  readonly #device: GPUDevice
  readonly #prepared: readonly Prepared[]
  #next: GPUCommandBuffer | null = null
  #isDisposed = false

  constructor(device: GPUDevice, dispatches: readonly Dispatch[], offsets: readonly number[], uniforms: Block) {
    this.#device = device
    const groups = new BindGroups(device)
    this.#prepared = dispatches.map((dispatch, k) => ({ dispatch, group: groups.of(dispatch, uniforms), uniformOffset: offsets[k] ?? 0 }))
  }

  take(): GPUCommandBuffer {
    const next = this.#next ?? this.#encodeAlone()
    this.#next = null
    return next
  }

  prepare(): void {
    if (!this.#isDisposed) this.#next ??= this.#encodeAlone()
  }

  dispose(): void {
    this.#isDisposed = true
    this.#next = null
  }

  encode({ encoder, pass }: Encoding): void {
    for (const { dispatch, group, uniformOffset } of this.#prepared) {
      if (dispatch.packing) encodePacking(encoder(), dispatch.packing)
      encodeDispatch(pass(), dispatch, group, uniformOffset)
    }
  }

  #encodeAlone(): GPUCommandBuffer {
    const own = this.#device.createCommandEncoder()
    let open: GPUComputePassEncoder | null = null
    this.encode({
      encoder: () => {
        open?.end()
        open = null
        return own
      },
      pass: () => (open ??= own.beginComputePass()),
    })
    endOf(open)
    return own.finish()
  }
}

function endOf(pass: GPUComputePassEncoder | null): void {
  pass?.end()
}

export interface UniformPlaces {
  /** Bytes before the numbers of each launch. */
  readonly offsets: readonly number[]
  readonly words: Uint32Array<ArrayBuffer>
}

/** Where the numbers of each launch go, and all of them. */
export function layoutUniforms(dispatches: readonly Dispatch[], alignment: number): UniformPlaces {
  let end = 0
  const offsets = dispatches.map((dispatch) => {
    const offset = Math.ceil(end / alignment) * alignment
    end = offset + uniformBytes(dispatch)
    return offset
  })
  const words = new Uint32Array(Math.ceil(end / 4))
  for (const [k, dispatch] of dispatches.entries()) words.set(dispatch.words, (offsets[k] ?? 0) / 4)
  return { offsets, words }
}
