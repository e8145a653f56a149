import type { Dispatch } from './dispatch.ts'
import type { Block } from './pool.ts'

/** Bytes of the numbers given at launch that one bind group shows. */
export function uniformBytes({ words }: Dispatch): number {
  // Few sizes, so that launches of one kernel on the same buffers share a bind group.
  return 2 ** Math.ceil(Math.log2(Math.max(64, words.byteLength)))
}

const mostKept = 4096

/** Bind groups, the same for the same buffers. */
export class BindGroups {
  readonly #device: GPUDevice
  readonly #known = new Map<string, GPUBindGroup>()

  constructor(device: GPUDevice) {
    this.#device = device
  }

  /** With the numbers given at launch in `uniforms`, at an offset that is told when it is set. */
  of(dispatch: Dispatch, uniforms: Block): GPUBindGroup {
    const { variant, stretches } = dispatch
    const size = uniformBytes(dispatch)
    let key = `${variant.layoutKey} ${uniforms.id} ${size}`
    for (const stretch of stretches) key += stretch ? ` ${stretch.block.id} ${stretch.byteOffset} ${stretch.byteLength}` : ' -'
    const known = this.#known.get(key)
    if (known) return known
    const storage = stretches.flatMap((stretch, k): GPUBindGroupEntry[] =>
      stretch ? [{ binding: k + 1, resource: { buffer: stretch.block.buffer, offset: stretch.byteOffset, size: stretch.byteLength } }] : [],
    )
    const numbers = { binding: 0, resource: { buffer: uniforms.buffer, offset: 0, size } }
    const made = this.#device.createBindGroup({ layout: variant.layout, entries: [numbers, ...storage] })
    if (this.#known.size >= mostKept) this.#known.clear()
    this.#known.set(key, made)
    return made
  }

  clear(): void {
    this.#known.clear()
  }
}
