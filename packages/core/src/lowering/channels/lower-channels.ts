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
  readonly made: MadeKernel
  readonly flopsPerEntry: number
  readonly bytesPerEntry: number
  readonly bytesPerRow: number
}

interface Temporary {
  readonly scalar: StorageType
  readonly length: number
}

/** Parts of an output in temporary memory: of its only row, or one of every row. */
interface Partial {
  readonly slot: Slot
  readonly programs: number
  readonly isOneRow: boolean
}

/** How a kernel is launched. */
interface Shape {
  readonly programs: number
  readonly groups: number
  readonly entriesPerSplit: number
  readonly spansPerGroup: number
}

/** Plans of a polynomial in normal form. */
export class ChannelLowering {
  readonly orders: readonly number[]
  readonly #request: PolynomialRequest
  readonly #target: Target
  readonly #untouched: readonly boolean[]
  readonly #specs: readonly KernelSpec[]
  readonly #stages = new Map<KernelSpec, Stage>()
  readonly #helpers = new Map<string, Kernel>()

  constructor(request: PolynomialRequest, form: NormalForm, target: Target) {
    this.#request = request
    this.#target = target
    this.#untouched = hasUntouched(form, request.polynomial)
    this.#specs = makeSpecs(request, form, target)
    const used = this.#specs.flatMap(({ iteration }) => ('index' in iteration ? [iteration.index] : []))
    this.orders = [...new Set(used)].sort((a, b) => a - b)
  }

  plan(sizes: PolynomialSizes): Plan {
    const temporaries: Temporary[] = []
    const launches: PlannedLaunch[] = []
    const written = new Set(this.#specs.flatMap((spec) => spec.outputs.filter((o) => !hasMoreRows(spec, o, this.#request, sizes))))
    for (const [o, { size }] of this.#request.polynomial.outputs.entries())
      if (size > 0 && (!written.has(o) || this.#untouched[o])) launches.push(...this.#fill({ kind: 'output', index: o }, this.#request.outputScalars[o] ?? 'f32', size * this.#outputRows(o, sizes)))
    const partials = new Map<number, Partial>()
    for (const spec of this.#specs) {
      const shape = this.#shape(spec, sizes)
      if (spec.isPartial) for (const o of spec.outputs) if (!partials.has(o)) partials.set(o, this.#newPartial(o, spec, shape.programs, temporaries, launches))
      launches.push(this.#launch(spec, sizes, shape, partials))
    }
    for (const [o, partial] of partials) launches.push(this.#sumParts(o, partial))
    return { temporaries, launches }
  }

  #launch(spec: KernelSpec, sizes: PolynomialSizes, shape: Shape, partials: ReadonlyMap<number, Partial>): PlannedLaunch {
    const { programs, groups } = shape
    const { made, flopsPerEntry, bytesPerEntry, bytesPerRow } = this.#stage(spec)
    return {
      kernel: made.kernel,
      grid: [programs, groups],
      parameters: made.parameters.map((source) => parameterValue(source, this.#request, sizes, shape)),
      buffers: made.buffers.map((source) => slotOf(source, this.#request, partials)),
      flops: flopsPerEntry * sizes.batchSize,
      bytes: bytesPerEntry * sizes.batchSize + bytesPerRow * programs,
    }
  }

  /** Temporary memory for the parts of an output. */
  #newPartial(o: number, spec: KernelSpec, programs: number, temporaries: Temporary[], launches: PlannedLaunch[]): Partial {
    const { mathScalar, polynomial } = this.#request
    const length = programs * (polynomial.outputs[o]?.size ?? 0)
    const slot: Slot = { kind: 'temporary', index: temporaries.push({ scalar: mathScalar, length }) - 1 }
    if (this.#untouched[o]) launches.push(...this.#fill(slot, mathScalar, length))
    return { slot, programs, isOneRow: spec.iteration.kind === 'splits' }
  }

  #shape(spec: KernelSpec, sizes: PolynomialSizes): Shape {
    const programs = programsOf(spec, this.#request, sizes)
    const { entriesPerSplit } = splitsOf(sizes.batchSize)
    return { programs, entriesPerSplit, ...this.#groups(spec, programs) }
  }

  /** Programs may share a row span by span, if nothing is summed over spans. */
  #groups(spec: KernelSpec, programs: number): { readonly groups: number; readonly spansPerGroup: number } {
    const { analysis, lanes, passes, request } = spec
    const spans = Math.max(1, ...passes.map(({ channels }) => Math.ceil(channels / lanes)))
    const canShare = analysis.closing.length === 0 && passes.every(({ channels }) => spec.masksTails || channels <= lanes || channels % lanes === 0)
    if (!canShare) return { groups: 1, spansPerGroup: spans }
    const most = tuningFor(this.#target, request.mathScalar).spansPerProgram
    const wanted = Math.min(spans, Math.ceil((analysis.numFactors > 0 ? enoughPrograms : 8 * enoughPrograms) / Math.max(1, programs)))
    const spansPerGroup = most ?? Math.ceil(spans / wanted)
    return { groups: Math.ceil(spans / spansPerGroup), spansPerGroup }
  }

  #sumParts(o: number, { slot, programs, isOneRow }: Partial): PlannedLaunch {
    const { outputScalars, mathScalar, polynomial } = this.#request
    const size = polynomial.outputs[o]?.size ?? 0
    const to = outputScalars[o] ?? 'f32'
    const kernel = this.#helper(`sum ${size} ${isOneRow} ${to}`, () => sumPartsKernel(mathScalar, to, size, isOneRow ? undefined : 1, this.#copyLanes(mathScalar)))
    const rows = isOneRow ? 1 : programs
    return {
      kernel,
      grid: [rows, Math.ceil(size / elementsPerProgram)],
      parameters: isOneRow ? [programs] : [],
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
    return tuningFor(this.#target, scalar).lanes(elementsPerProgram, false)
  }

  #outputRows(o: number, sizes: PolynomialSizes): number {
    const access: RowAccess = this.#request.outputs[o] ?? { kind: 'batched' }
    if (access.kind === 'shared') return 1
    return access.kind === 'batched' ? sizes.batchSize : (sizes.outputRows[o] ?? 0)
  }

  #stage(spec: KernelSpec): Stage {
    const known = this.#stages.get(spec)
    if (known) return known
    const stage = { made: makeKernel(spec), flopsPerEntry: flopsPerEntry(spec), bytesPerEntry: bytesPerEntry(spec), bytesPerRow: bytesPerRow(spec) }
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

}

function parameterValue(
  source: ParameterSource,
  request: PolynomialRequest,
  sizes: PolynomialSizes,
  { entriesPerSplit, spansPerGroup }: Shape,
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

function programsOf(spec: KernelSpec, request: PolynomialRequest, sizes: PolynomialSizes): number {
  const { iteration } = spec
  if (iteration.kind === 'splits') return splitsOf(sizes.batchSize).splits
  if (iteration.kind === 'tiles') return Math.ceil(sizes.batchSize / spec.chunk)
  if (iteration.kind === 'runs') return rowsOfIndex(iteration.index, request, sizes)
  return Math.min(...spec.outputs.map((o) => sizes.outputRows[o] ?? 0))
}

/** Whether an output has rows that no index reaches: other operands under the same index array have fewer. */
function hasMoreRows(spec: KernelSpec, o: number, request: PolynomialRequest, sizes: PolynomialSizes): boolean {
  return spec.iteration.kind === 'rows' && (sizes.outputRows[o] ?? 0) > programsOf(spec, request, sizes)
}

/** Rows that an index array points into. */
function rowsOfIndex(index: number, { inputs, outputs }: PolynomialRequest, sizes: PolynomialSizes): number {
  const isThis = (access: RowAccess) => access.kind === 'indexed' && access.index === index
  const read = inputs.flatMap((access, i) => (isThis(access) ? [sizes.inputRows[i] ?? 0] : []))
  const written = outputs.flatMap((access, o) => (isThis(access) ? [sizes.outputRows[o] ?? 0] : []))
  const rows = [...read, ...written]
  // Several operands under one index array have as many rows, or only the first ones of the longer are used.
  return rows.length === 0 ? 0 : Math.min(...rows)
}

function slotOf(source: BufferSource, { inputs, polynomial }: PolynomialRequest, partials: ReadonlyMap<number, Partial>): Slot {
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
      const slot = partials.get(source.operand)?.slot
      if (!slot) throw new InternalError(`no place for parts of output ${source.operand} of ${polynomial.numOutputs}`)
      return slot
    }
  }
}
