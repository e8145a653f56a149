import { costOf } from '../algebra/derivatives.ts'
import type { NormalForm, NormalTerm } from '../normal-form.ts'
import type { SegmentedPolynomial } from '../../polynomials/index.ts'
import type { Target } from '../plan.ts'
import type { PolynomialRequest, RowAccess } from '../request.ts'
import { widthOf } from '../scalars.ts'
import { type Tuning, tuningFor } from '../tuning.ts'
import { type Analysis, analyse, type ChannelTarget, readElements } from './analysis.ts'
import { accessOf } from './declarations.ts'
import { tableLength } from './entry-table.ts'
import { integrate } from './integrate.ts'
import { entriesTogether } from './entries-together.ts'
import { entriesAtOnce } from './lane-entries.ts'
import { exchangeLength } from './lane-sums.ts'
import { asGradient, divide, type Pass } from './passes.ts'
import { heldRows, rowElements, scratchRows } from './row-elements.ts'
import { touchedRows } from './row-touches.ts'
import { isSummed, type Iteration, type KernelSpec } from './spec.ts'

/** Terms of a pass whose results are stored at once; more make code that is slow to compile. */
const maxTermsPerPass = 4000
const maxTermsPerKernel = 12_000
/** Terms of outputs that every entry has for itself, of which the values in between fill the registers. */
const manyTerms = 100
/** Products of three elements and more in outputs that every entry has for itself, beyond which few are computed together on a GPU. */
const longForm = 700
/** Steps that a program makes at least where several entries share its lanes. */
const leastSteps = 4
/** Rows of operands this large are worth visiting entries in the order of an index. */
const largeRowBytes = 4096

/** One kernel for all outputs of one access. */
export function makeSpecs(request: PolynomialRequest, form: NormalForm, target: Target): readonly KernelSpec[] {
  const tuning = tuningFor(target, request.mathScalar)
  const classes = new Map<string, number[]>()
  for (const o of new Set(form.terms.map(({ output }) => form.outputs[output]?.operand ?? 0))) {
    const access = accessOf(request.outputs, o)
    const key = access.kind === 'indexed' ? `indexed${access.index}` : access.kind
    classes.set(key, [...(classes.get(key) ?? []), o].sort((a, b) => a - b))
  }
  return [...classes.values()].flatMap((outputs) => {
    const terms = form.terms.filter(({ output }) => outputs.includes(form.outputs[output]?.operand ?? -1))
    return specsFor(request, form, target, tuning, terms)
  })
}

/** One kernel for the terms, or several for parts of the outputs if one would be too large. */
function specsFor(request: PolynomialRequest, form: NormalForm, target: Target, tuning: Tuning, terms: readonly NormalTerm[]): readonly KernelSpec[] {
  const spec = makeSpec(request, form, target, tuning, terms)
  const sharedBytes = bytesOfProgram(spec)
  const elements = [...new Set(terms.map(({ output }) => output))]
  const fits = sharedBytes <= target.maxSharedBytes && terms.length <= maxTermsPerKernel && maxBuffersOf(spec, terms) <= target.maxBuffers
  if (elements.length < 2 || fits) return [spec]
  const first = new Set(elements.slice(0, elements.length >> 1))
  const halves = [terms.filter(({ output }) => first.has(output)), terms.filter(({ output }) => !first.has(output))]
  return halves.flatMap((half) => specsFor(request, form, target, tuning, half))
}

/** Buffers that a kernel has at most: operands, index arrays, and the order of one of them. */
function maxBuffersOf({ form, outputs, request }: KernelSpec, terms: readonly NormalTerm[]): number {
  const inputs = new Set(terms.flatMap(({ factors }) => factors.map((number) => form.inputs[number]?.operand ?? 0)))
  const indices = new Set([...inputs].flatMap((i) => (request.inputs[i]?.kind === 'indexed' ? [request.inputs[i].index] : [])))
  return inputs.size + outputs.length + indices.size + 2
}

function makeSpec(request: PolynomialRequest, form: NormalForm, target: Target, tuning: Tuning, terms: readonly NormalTerm[]): KernelSpec {
  const outputs = [...new Set(terms.map(({ output }) => form.outputs[output]?.operand ?? 0))].sort((a, b) => a - b)
  const analysis = analyse(form, terms, tuning.sumsAreDear)
  const access = accessOf(request.outputs, outputs[0] ?? 0)
  const channels = analysis.targets.reduce((most, target) => Math.max(most, target.channels), 1)
  const addsUp = access.kind !== 'batched'
  const { lanes, passes } = bestLanes(channels === 1 ? 2 * tuning.minChannels : channels, isCrowded(analysis, access), tuning, (number) =>
    makePasses(analysis, form, request.polynomial, addsUp, number, tuning),
  )
  const iteration = iterationFor(access, request, form, analysis, tuning)
  const { isByEntry } = tuning
  const unit = isByEntry ? tuning.chunk / 8 : lanes
  const touched = tuning.touchesRows ? touchedRows(request, form, analysis, iteration, unit) : undefined
  let chunk = isByEntry && isAlone(analysis, iteration) ? 1 : Math.max(unit, Math.ceil(chunkFor(analysis, iteration, tuning) / unit) * unit)
  while (touched && chunk / 2 >= unit && chunk > touched.entries) chunk /= 2
  const bytesFor = (entries: number) => bytesOfProgram({ analysis, chunk: entries, isByEntry, iteration, lanes, passes, request })
  const { maxSharedBytes, freeSharedBytes = maxSharedBytes } = target
  while (chunk / 2 >= unit && bytesFor(chunk) > freeSharedBytes) chunk /= 2
  const atOnce = entriesAtOnce({ isByEntry, lanes }, channels)
  const whole = atOnce * Math.max(atOnce > 1 && passes.length > 0 ? leastSteps : 1, Math.floor(chunk / atOnce))
  if (bytesFor(whole) <= maxSharedBytes) chunk = whole
  const isOfOtherScalar = outputs.some((o) => request.outputScalars[o] !== request.mathScalar)
  const spec: KernelSpec = {
    name: nameOf(access),
    request,
    form,
    analysis,
    passes,
    iteration,
    outputs,
    lanes,
    masksTails: tuning.masksTails,
    chunk,
    isByEntry,
    touched,
    maxRowBytes: Math.max(0, freeSharedBytes - bytesFor(chunk)),
    passesApart: false,
    isPartial: access.kind === 'shared' || (addsUp && isOfOtherScalar),
  }
  return narrowed(spec, target)
}

/**
 * The same with fewer lanes where entries read more of the rows that they share than a thread keeps: programs of different entries
 * and the same channels then share them in a cache. The fewer the more often rows are read, which is for every entry or for several.
 */
function narrowed(spec: KernelSpec, { vectorBytes: warp }: Target): KernelSpec {
  const { analysis, isByEntry, iteration, lanes, passes } = spec
  if (!isByEntry || iteration.kind !== 'pieces' || analysis.numFactors + analysis.numSums > 0 || lanes <= 2 * warp) return spec
  const readsRows = passes.every((pass) => {
    const kept = heldRows(spec, pass).length + scratchRows(spec, pass).length
    return pass.channels > 2 * warp && kept === 0 && rowElements(spec, pass).length > 0
  })
  if (!readsRows) return spec
  const narrow = { ...spec, lanes: 2 * warp }
  return passes.some((pass) => entriesTogether(narrow, pass) === 1) ? { ...spec, lanes: warp } : narrow
}

/** Where sums fill the registers, fewer lanes may leave room for targets that share products: that is worth it from a twentieth on. */
const worthOfLanes = 0.95

/** The number of lanes, and the passes, that cost least; more lanes of two that cost the same. */
function bestLanes(
  channels: number,
  isCrowded: boolean,
  tuning: Tuning,
  passesFor: (lanes: number) => readonly Pass[],
): { readonly lanes: number; readonly passes: readonly Pass[] } {
  const costOfAll = (passes: readonly Pass[]) => passes.reduce((cost, { root, duals }) => cost + costOf(root, duals, true), 0)
  const [lanes, fewer] = [tuning.lanes(channels, isCrowded), tuning.lanes(channels, true)]
  const passes = passesFor(lanes)
  if (fewer === lanes || passes.length === 1) return { lanes, passes }
  const others = passesFor(fewer)
  return costOfAll(others) < worthOfLanes * costOfAll(passes) ? { lanes: fewer, passes: others } : { lanes, passes }
}

/** Lanes of a program where there are few of them. */
const wideLanes = 512

/** The same with more lanes, which several entries share; `undefined` where there are too many channels, or too little memory. */
export function widened(spec: KernelSpec, { maxLanes, maxSharedBytes }: Target): KernelSpec | undefined {
  const wide = { ...spec, name: `${spec.name}Wide`, lanes: Math.min(wideLanes, maxLanes) }
  const left = maxSharedBytes - bytesOfProgram(wide)
  const isServed = left >= 0 && spec.passes.length > 0 && spec.passes.every(({ channels }) => entriesAtOnce(wide, channels) > 1)
  return isServed ? { ...wide, maxRowBytes: Math.min(spec.maxRowBytes, left) } : undefined
}

/** Bytes of the numbers that lanes share, or hand one another. */
function bytesOfProgram(spec: Pick<KernelSpec, 'analysis' | 'chunk' | 'isByEntry' | 'iteration' | 'lanes' | 'passes' | 'request'>): number {
  const { analysis, iteration, passes, request } = spec
  const tables = tableLength(analysis.numFactors, spec) + tableLength(analysis.numSums, spec)
  return (tables + exchangeLength(spec, passes, isSummed(iteration))) * widthOf(request.mathScalar)
}

/** Values that are alive at once and so many that a second vector of each would not stay in registers: sums over channels, long formulas. */
function isCrowded({ numSums, targets }: Analysis, { kind }: RowAccess): boolean {
  return numSums > 0 || (kind === 'batched' && targets.reduce((count, { terms }) => count + terms.length, 0) > manyTerms)
}

/** Whether entries have much to do and nothing in common, so that each may have a program of its own. */
function isAlone({ numFactors, numSums, targets }: Analysis, { kind }: Iteration): boolean {
  return kind === 'tiles' && numFactors + numSums === 0 && targets.reduce((count, { terms }) => count + terms.length, 0) > manyTerms
}

function chunkFor(analysis: Analysis, { kind }: Iteration, tuning: Tuning): number {
  if (kind === 'runs' || kind === 'pieces') return analysis.numFactors + analysis.numSums === 0 ? 8 * tuning.chunk : tuning.chunk
  if (kind !== 'tiles') return tuning.chunk
  return analysis.targets.length === 0 ? 2 * tuning.chunk : tuning.chunk / 4
}

/** Outputs that are summed over entries never share a pass with sums over channels. */
function makePasses(analysis: Analysis, form: NormalForm, polynomial: SegmentedPolynomial, addsUp: boolean, lanes: number, tuning: Tuning): readonly Pass[] {
  const sums = analysis.targets.filter(({ kind }) => kind === 'channelSum')
  const outputs = analysis.targets.filter(({ kind }) => kind === 'output')
  const maxTargets = tuning.maxTargets(lanes)
  const limits = (own: readonly ChannelTarget[], most: number) => divide(own, analysis.variables, addsUp, { maxTargets: most, maxTerms: maxTermsPerPass })
  if (addsUp) return [...limits(outputs, maxTargets), ...limits(sums, maxTargets)]
  if (sums.length === 0)
    return limits(outputs, isLong(outputs) ? tuning.targetsOfLongForms : Number.POSITIVE_INFINITY).map((pass) => {
      const potential = integrate(pass.targets, form, polynomial, analysis.variables)
      return potential ? asGradient(pass, potential) : pass
    })
  return limits([...outputs, ...sums], maxTargets)
}

/** Whether there are so many terms that threads run out of registers for what they have in common. */
function isLong(targets: readonly ChannelTarget[]): boolean {
  return targets.reduce((count, { terms }) => count + terms.filter(({ elements }) => elements.length > 2).length, 0) > longForm
}

function iterationFor(access: RowAccess, request: PolynomialRequest, form: NormalForm, analysis: Analysis, tuning: Tuning): Iteration {
  if (access.kind === 'indexed') return { kind: 'rows', index: access.index }
  if (access.kind === 'shared') return { kind: 'splits' }
  const bytes = new Map<number, number>()
  for (const number of readElements(analysis.targets)) {
    const element = form.inputs[number]
    if (!element) continue
    const own = accessOf(request.inputs, element.operand)
    if (own.kind !== 'indexed') continue
    const width = request.inputScalars[element.operand] === 'f64' ? 8 : 4
    bytes.set(own.index, (bytes.get(own.index) ?? 0) + element.channels * width)
  }
  const [largest] = [...bytes].filter(([, size]) => size >= largeRowBytes).sort(([a, x], [b, y]) => y - x || a - b)
  if (!largest) return { kind: 'tiles' }
  // A few long runs would leave most of many multiprocessors idle.
  return tuning.splitsRuns ? { kind: 'pieces', index: largest[0], isSummed: false } : { kind: 'runs', index: largest[0] }
}

function nameOf(access: RowAccess): string {
  if (access.kind === 'indexed') return 'polynomialToRows'
  return access.kind === 'shared' ? 'polynomialToSum' : 'polynomial'
}
