import { InternalError } from '../../errors.ts'
import type { Kernel, StorageType } from '../../kernels/index.ts'
import { hasUntouched, type NormalForm } from '../normal-form.ts'
import type { Plan, PlannedLaunch, Slot, Target } from '../plan.ts'
import type { FloatScalar, PolynomialRequest, PolynomialSizes, RowAccess } from '../request.ts'
import { widthOf } from '../scalars.ts'
import { splitsOf } from '../splits.ts'
import { tuningFor } from '../tuning.ts'
import { bytesPerEntry, bytesPerRow, flopsPerEntry } from './cost.ts'
import { elementsPerProgram, fillKernel, sumPartsKernel } from './helpers.ts'
import { type MadeKernel, makeKernel } from './kernel.ts'
import { makeSpecs } from './make-specs.ts'
import type { BufferSource, KernelSpec, ParameterSource } from './spec.ts'

/** Programs that keep a machine's threads busy. */
const enoughPrograms = 16

/** Kernels for the outputs of one access. */
interface Stage {
  readonly spec: KernelSpec
  readonly made: MadeKernel
}

/** Plans of a polynomial in normal form. */
export class ChannelLowering {
  readonly orders: readonly number[]
  readonly #request: PolynomialRequest
  readonly #form: NormalForm
  readonly #target: Target
  readonly #untouched: readonly boolean[]
  readonly #specs: readonly KernelSpec[]
  readonly #stages = new Map<KernelSpec, Stage>()
  readonly #helpers = new Map<string, Kernel>()

  constructor(request: PolynomialRequest, form: NormalForm, target: Target) {
    this.#request = request
    this.#form = form
    this.#target = target
    this.#untouched = hasUntouched(form, request.polynomial)
    this.#specs = makeSpecs(request, form, target)
    const used = this.#specs.flatMap(({ iteration }) => {
      if (iteration.kind === 'rows') return [iteration.index]
      return iteration.kind === 'tiles' && iteration.visit !== undefined ? [iteration.visit] : []
    })
    this.orders = [...new Set(used)].sort((a, b) => a - b)
  }

  plan(sizes: PolynomialSizes): Plan {
    const temporaries: { readonly scalar: StorageType; readonly length: number }[] = []
    const launches: PlannedLaunch[] = []
    const written = new Set(this.#specs.flatMap(({ outputs }) => outputs))
    for (const [o, { size }] of this.#request.polynomial.outputs.entries())
      if (size > 0 && (!written.has(o) || this.#untouched[o])) launches.push(...this.#fill({ kind: 'output', index: o }, this.#request.outputScalars[o] ?? 'f32', size * this.#outputRows(o, sizes)))
    for (const spec of this.#specs) launches.push(...this.#launchesOf(spec, sizes, temporaries))
    return { temporaries, launches }
  }

  #launchesOf(spec: KernelSpec, sizes: PolynomialSizes, temporaries: { readonly scalar: StorageType; readonly length: number }[]): readonly PlannedLaunch[] {
    const { made } = this.#stage(spec)
    const { mathScalar, polynomial } = this.#request
    const { programs, groups, entriesPerSplit, spansPerGroup } = this.#shape(spec, sizes)
    const partials = new Map<number, Slot>()
    const before: PlannedLaunch[] = []
    const after: PlannedLaunch[] = []
    if (spec.isPartial)
      for (const o of spec.outputs) {
        const size = polynomial.outputs[o]?.size ?? 0
        const slot: Slot = { kind: 'temporary', index: temporaries.push({ scalar: mathScalar, length: programs * size }) - 1 }
        partials.set(o, slot)
        if (this.#untouched[o]) before.push(...this.#fill(slot, mathScalar, programs * size))
        after.push(this.#sumParts(spec, o, slot, programs))
      }
    const parameters = made.parameters.map((source) => parameterValue(source, this.#request, sizes, { entriesPerSplit, spansPerGroup }))
    const buffers = made.buffers.map((source) => slotOf(source, this.#request, partials))
    const rows = spec.iteration.kind === 'tiles' ? sizes.batchSize : programs
    const own: PlannedLaunch = {
      kernel: made.kernel,
      grid: [programs, groups],
      parameters,
      buffers,
      flops: flopsPerEntry(spec) * sizes.batchSize,
      bytes: bytesPerEntry(spec) * sizes.batchSize + bytesPerRow(spec) * rows,
    }
    return [...before, own, ...after]
  }

  /** Grid of a kernel. */
  #shape(spec: KernelSpec, { batchSize, outputRows }: PolynomialSizes): { readonly programs: number; readonly groups: number; readonly entriesPerSplit: number; readonly spansPerGroup: number } {
    const { iteration } = spec
    if (iteration.kind === 'splits') {
      const { splits: programs, entriesPerSplit } = splitsOf(batchSize)
      return { programs, entriesPerSplit, ...this.#groups(spec, programs) }
    }
    const programs = iteration.kind === 'tiles' ? Math.ceil(batchSize / spec.chunk) : (outputRows[spec.outputs[0] ?? 0] ?? 0) * spec.rowSplits
    return { programs, entriesPerSplit: 0, ...this.#groups(spec, programs) }
  }

  /** Programs may share a row span by span, if nothing is summed over spans. */
  #groups(spec: KernelSpec, programs: number): { readonly groups: number; readonly spansPerGroup: number } {
    const { analysis, lanes, passes, request } = spec
    const spans = Math.max(1, ...passes.map(({ channels }) => Math.ceil(channels / lanes)))
    const canShare = analysis.closing.length === 0 && passes.every(({ channels }) => spec.masksTails || channels <= lanes || channels % lanes === 0)
    if (!canShare) return { groups: 1, spansPerGroup: spans }
    const most = tuningFor(this.#target, request.mathScalar).spansPerProgram
    const wanted = Math.min(spans, Math.ceil(enoughPrograms / Math.max(1, programs)))
    const spansPerGroup = most ?? Math.ceil(spans / wanted)
    return { groups: Math.ceil(spans / spansPerGroup), spansPerGroup }
  }

  #sumParts(spec: KernelSpec, o: number, slot: Slot, programs: number): PlannedLaunch {
    const { outputScalars, mathScalar, polynomial } = this.#request
    const size = polynomial.outputs[o]?.size ?? 0
    const to = outputScalars[o] ?? 'f32'
    const parts = spec.iteration.kind === 'splits' ? undefined : spec.rowSplits
    const lanes = this.#copyLanes(mathScalar)
    const kernel = this.#helper(`sum ${size} ${parts ?? ''} ${to}`, () => sumPartsKernel(mathScalar, to, size, parts, lanes))
    const rows = parts === undefined ? 1 : programs / parts
    return {
      kernel,
      grid: [rows, Math.ceil(size / elementsPerProgram)],
      parameters: parts === undefined ? [programs] : [],
      buffers: [slot, { kind: 'output', index: o }],
      flops: programs * size,
      bytes: programs * size * widthOf(mathScalar) + rows * size * widthOf(to),
    }
  }

  #fill(slot: Slot, scalar: FloatScalar, length: number): readonly PlannedLaunch[] {
    const kernel = this.#helper(`fill ${scalar}`, () => fillKernel(scalar, this.#copyLanes(scalar)))
    return [{ kernel, grid: [Math.ceil(length / elementsPerProgram)], parameters: [length], buffers: [slot], flops: 0, bytes: length * widthOf(scalar) }]
  }

  #copyLanes(scalar: FloatScalar): number {
    return tuningFor(this.#target, scalar).lanes(elementsPerProgram)
  }

  #outputRows(o: number, sizes: PolynomialSizes): number {
    const access: RowAccess = this.#request.outputs[o] ?? { kind: 'batched' }
    if (access.kind === 'shared') return 1
    return access.kind === 'batched' ? sizes.batchSize : (sizes.outputRows[o] ?? 0)
  }

  #stage(spec: KernelSpec): Stage {
    const known = this.#stages.get(spec)
    if (known) return known
    const stage = { spec, made: makeKernel(spec) }
    this.#stages.set(spec, stage)
    return stage
  }

  #helper(key: string, make: () => Kernel): Kernel {
    const known = this.#helpers.get(key)
    if (known) return known
    const kernel = make()
    this.#helpers.set(key, kernel)
    return kernel
  }

  get form(): NormalForm {
    return this.#form
  }
}

function parameterValue(
  source: ParameterSource,
  request: PolynomialRequest,
  sizes: PolynomialSizes,
  { entriesPerSplit, spansPerGroup }: { readonly entriesPerSplit: number; readonly spansPerGroup: number },
): number {
  switch (source.kind) {
    case 'batchSize':
      return sizes.batchSize
    case 'spansPerGroup':
      return spansPerGroup
    case 'entriesPerSplit':
      return entriesPerSplit
    case 'indexRows':
      return rowsOfIndex(source.index, request, sizes)
  }
}

/** Rows that an index array points into. */
function rowsOfIndex(index: number, { inputs, outputs }: PolynomialRequest, sizes: PolynomialSizes): number {
  const isThis = (access: RowAccess) => access.kind === 'indexed' && access.index === index
  const rows = [...inputs.flatMap((access, i) => (isThis(access) ? [sizes.inputRows[i] ?? 0] : [])), ...outputs.flatMap((access, o) => (isThis(access) ? [sizes.outputRows[o] ?? 0] : []))]
  // Several operands under one index array have as many rows, or only the first ones of the longer are used.
  return rows.length === 0 ? 0 : Math.min(...rows)
}

function slotOf(source: BufferSource, { inputs, polynomial }: PolynomialRequest, partials: ReadonlyMap<number, Slot>): Slot {
  switch (source.kind) {
    case 'input':
      return { kind: 'input', index: source.operand }
    case 'indices':
      return { kind: 'input', index: inputs.length + source.index }
    case 'order':
      return { kind: 'order', index: source.index, part: source.part }
    case 'output':
      return { kind: 'output', index: source.operand }
    case 'partial': {
      const slot = partials.get(source.operand)
      if (!slot) throw new InternalError(`no place for parts of output ${source.operand} of ${polynomial.numOutputs}`)
      return slot
    }
  }
}
