import { InternalError } from '../../errors.ts'
import type { Kernel, StorageType } from '../../kernels/index.ts'
import { hasUntouched, type NormalForm } from '../normal-form.ts'
import type { Plan, PlannedLaunch, Slot, Target } from '../plan.ts'
import type { FloatScalar, PolynomialRequest, PolynomialSizes, RowAccess } from '../request.ts'
import { widthOf } from '../scalars.ts'
import { enoughPieces, entriesPerPiece, splitsOf } from '../splits.ts'
import { tuningFor } from '../tuning.ts'
import { bytesPerEntry, bytesPerRow, flopsPerEntry } from './cost.ts'
import { elementsPerProgram, fillKernel, sumPartsKernel, sumPiecesKernel } from './helpers.ts'
import { type MadeKernel, makeKernel } from './kernel.ts'
import { makeSpecs, widened } from './make-specs.ts'
import type { BufferSource, KernelSpec, ParameterSource } from './spec.ts'

/** Programs that keep a machine's threads busy. */
const enoughPrograms = 16

/** Rows that leave multiprocessors idle, and entries of each that are worth more lanes. */
const [fewRows, entriesWorthLanes] = [128, 8]

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

/** Parts of an output in temporary memory. */
interface Partial {
  readonly slot: Slot
  readonly programs: number
  /** Of its only row, one of every row, or those of pieces. */
  readonly of: 'row' | 'rows' | Pieces
}

/** Parts of rows that pieces have, numbered by piece and row together. */
interface Pieces {
  readonly index: number
  readonly rows: number
  readonly entriesPerPiece: number
}

/** What a plan has so far. */
interface Made {
  readonly temporaries: Temporary[]
  readonly launches: PlannedLaunch[]
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
  readonly #inPieces = new Map<KernelSpec, KernelSpec>()
  readonly #wide = new Map<KernelSpec, KernelSpec>()
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
    for (const own of this.#specs) {
      const spec = this.#isBetterInPieces(own, sizes) ? this.#piecesOf(own) : this.#isBetterWide(own, sizes) ? this.#wideOf(own) : own
      const shape = this.#shape(spec, sizes)
      const without = spec.isPartial ? spec.outputs.filter((o) => !partials.has(o)) : []
      for (const o of without) partials.set(o, this.#newPartial(o, spec, shape, sizes, { temporaries, launches }))
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
      grid: spec.passesApart ? [programs, groups, spec.passes.length] : [programs, groups],
      parameters: made.parameters.map((source) => parameterValue(source, this.#request, sizes, shape)),
      buffers: made.buffers.map((source) => slotOf(source, this.#request, partials)),
      flops: flopsPerEntry * sizes.batchSize,
      bytes: bytesPerEntry * sizes.batchSize + bytesPerRow * programs,
    }
  }

  /** Temporary memory for the parts of an output. */
  #newPartial(o: number, { iteration }: KernelSpec, shape: Shape, sizes: PolynomialSizes, made: Made): Partial {
    const { mathScalar, polynomial } = this.#request
    const { temporaries, launches } = made
    const { programs, entriesPerSplit } = shape
    const piecesOf = (index: number): Pieces => ({ index, rows: rowsOfIndex(index, this.#request, sizes), entriesPerPiece: entriesPerSplit })
    const pieces = iteration.kind === 'pieces' ? piecesOf(iteration.index) : undefined
    const length = (programs + (pieces?.rows ?? 0)) * (polynomial.outputs[o]?.size ?? 0)
    const slot: Slot = { kind: 'temporary', index: temporaries.push({ scalar: mathScalar, length }) - 1 }
    if (this.#untouched[o]) launches.push(...this.#fill(slot, mathScalar, length))
    return { slot, programs, of: pieces ?? (iteration.kind === 'splits' ? 'row' : 'rows') }
  }

  #shape(spec: KernelSpec, sizes: PolynomialSizes): Shape {
    const { iteration } = spec
    const perPiece = iteration.kind === 'pieces' ? entriesPerPiece(sizes.batchSize, iteration.isSummed, spec.passesApart ? spec.passes.length : 1) : undefined
    const entriesPerSplit = perPiece ?? splitsOf(sizes.batchSize).entriesPerSplit
    const programs = perPiece !== undefined ? Math.ceil(sizes.batchSize / perPiece) : programsOf(spec, this.#request, sizes)
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

  #sumParts(o: number, { slot, programs, of }: Partial): PlannedLaunch {
    const { outputScalars, mathScalar, polynomial } = this.#request
    const size = polynomial.outputs[o]?.size ?? 0
    const to = outputScalars[o] ?? 'f32'
    if (typeof of !== 'string') {
      const { index, rows, entriesPerPiece: perPiece } = of
      const parts = programs + rows
      return {
        kernel: this.#helper(`sum pieces ${size} ${to}`, () => sumPiecesKernel(mathScalar, to, size, this.#copyLanes(mathScalar))),
        grid: [rows, Math.ceil(size / this.#copyLanes(mathScalar))],
        parameters: [parts, perPiece],
        buffers: [slot, { kind: 'order', index, part: 'starts' }, { kind: 'output', index: o }],
        flops: parts * size,
        bytes: parts * size * widthOf(mathScalar) + rows * size * widthOf(to),
      }
    }
    const isOneRow = of === 'row'
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

  /** Whether an output has so few rows, of so many entries, that summing every row in one program leaves most of a device idle. */
  #isBetterInPieces({ iteration, passes }: KernelSpec, sizes: PolynomialSizes): boolean {
    if (iteration.kind !== 'rows' || passes.length === 0 || !tuningFor(this.#target, this.#request.mathScalar).splitsRuns) return false
    const rows = rowsOfIndex(iteration.index, this.#request, sizes)
    return rows > 0 && rows < enoughPieces / 2 && sizes.batchSize > 64 * rows
  }

  #piecesOf(spec: KernelSpec): KernelSpec {
    const known = this.#inPieces.get(spec)
    if (known || !('index' in spec.iteration)) return known ?? spec
    const { analysis, iteration, passes } = spec
    // Where passes have nothing in common, programs of their own leave fewer pieces to add up.
    const passesApart = passes.length > 1 && analysis.numFactors + analysis.numSums === 0
    const made: KernelSpec = { ...spec, name: `${spec.name}InPieces`, iteration: { kind: 'pieces', index: iteration.index, isSummed: true }, passesApart, isPartial: true }
    this.#inPieces.set(spec, made)
    return made
  }

  /** Whether so few rows are sums that a multiprocessor has one of them, and waits for its entries one after another. */
  #isBetterWide({ iteration, isByEntry }: KernelSpec, sizes: PolynomialSizes): boolean {
    if (iteration.kind !== 'rows' || !isByEntry) return false
    const rows = rowsOfIndex(iteration.index, this.#request, sizes)
    return rows <= fewRows && sizes.batchSize >= entriesWorthLanes * rows
  }

  #wideOf(spec: KernelSpec): KernelSpec {
    const known = this.#wide.get(spec)
    if (known) return known
    const made = widened(spec, this.#target) ?? spec
    this.#wide.set(spec, made)
    return made
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
