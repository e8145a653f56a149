import type { DeviceError, Executable } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { type BufferPlaces, placesKey, type PrintedKernel, printWgsl } from '../wgsl/index.ts'
import { computeStage, messageOf, refusal } from './gpu.ts'

/** A kernel printed for one way in which buffers lie, and what the driver makes of it. */
export interface Variant {
  readonly printed: PrintedKernel
  readonly layout: GPUBindGroupLayout
  readonly layoutKey: string
  /** Resolves when there is a pipeline or an error; never rejects. */
  readonly ready: Promise<void>
  pipeline: GPUComputePipeline | null
  error: DeviceError | null
}

/** Makes pipelines, as many at a time as the host likes. */
export class PipelineMaker {
  readonly #device: GPUDevice
  readonly #subgroupSize: number
  readonly #layouts = new Map<string, { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout }>()

  constructor(device: GPUDevice, subgroupSize: number) {
    this.#device = device
    this.#subgroupSize = subgroupSize
  }

  make(kernel: kernels.Kernel, places: BufferPlaces): Variant {
    const printed = printWgsl(kernel, { subgroupSize: this.#subgroupSize, places })
    const layoutKey = places.map(({ variable, isWritable }, k) => (variable === k ? (isWritable ? 'w' : 'r') : '-')).join('')
    const { group, pipeline } = this.#layoutOf(layoutKey)
    const variant: Variant = { printed, layout: group, layoutKey, ready: Promise.resolve(), pipeline: null, error: null }
    return Object.assign(variant, { ready: this.#compile(kernel, printed, pipeline, variant) })
  }

  async #compile({ name }: kernels.Kernel, { code }: PrintedKernel, layout: GPUPipelineLayout, variant: Variant): Promise<void> {
    const device = this.#device
    // What is wrong with a module comes with the pipeline, as an error of its own.
    device.pushErrorScope('validation')
    const module = device.createShaderModule({ label: name, code })
    const scope = device.popErrorScope()
    try {
      variant.pipeline = await device.createComputePipelineAsync({ label: name, layout, compute: { module, entryPoint: 'main' } })
    } catch (error) {
      const details = await this.#messages(module)
      variant.error = refusal(`kernel '${name}' is refused by the driver: ${details ?? messageOf(error)}`, error)
    }
    await scope.catch(() => null)
  }

  async #messages(module: GPUShaderModule): Promise<string | null> {
    try {
      const { messages } = await module.getCompilationInfo()
      const errors = messages.filter(({ type }) => type === 'error')
      return errors.length === 0 ? null : errors.map(({ lineNum, message }) => `line ${lineNum}: ${message}`).join('; ')
    } catch {
      return null
    }
  }

  #layoutOf(key: string): { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout } {
    const known = this.#layouts.get(key)
    if (known) return known
    const storage = [...key].flatMap((access, k): GPUBindGroupLayoutEntry[] =>
      access === '-' ? [] : [{ binding: k + 1, visibility: computeStage, buffer: { type: access === 'w' ? 'storage' : 'read-only-storage' } }],
    )
    const group = this.#device.createBindGroupLayout({ entries: [{ binding: 0, visibility: computeStage, buffer: { type: 'uniform', hasDynamicOffset: true } }, ...storage] })
    const made = { group, pipeline: this.#device.createPipelineLayout({ bindGroupLayouts: [group] }) }
    this.#layouts.set(key, made)
    return made
  }
}

/** A kernel of this device, compiled when it is known how its buffers lie. */
export class WebgpuExecutable implements Executable {
  readonly kernel: kernels.Kernel
  readonly #maker: PipelineMaker
  readonly #variants = new Map<string, Variant>()

  constructor(kernel: kernels.Kernel, maker: PipelineMaker) {
    this.kernel = kernel
    this.#maker = maker
  }

  /** @throws {DeviceError} if the driver has refused it. */
  variant(places: BufferPlaces): Variant {
    const key = placesKey(places)
    let variant = this.#variants.get(key)
    if (!variant) this.#variants.set(key, (variant = this.#maker.make(this.kernel, places)))
    if (variant.error) throw variant.error
    return variant
  }

  /** Characters of all modules that were made. */
  get codeLength(): number {
    return [...this.#variants.values()].reduce((sum, { printed }) => sum + printed.code.length, 0)
  }
}
