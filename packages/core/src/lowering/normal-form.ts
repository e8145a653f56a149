import { allIndices } from '../polynomials/evaluate-tensor-product.ts'
import type { Operation, Path, SegmentedPolynomial, SegmentedTensorProduct } from '../polynomials/index.ts'
import { stridesOf } from '../math/host-array.ts'

/** Elements `offset + stride · channel` of an operand; the same one for all channels if the stride is 0. */
export interface Element {
  /** Input or output number. */
  readonly operand: number
  readonly offset: number
  readonly stride: number
  readonly channels: number
}

/** `outputs[output] += coefficient · Π inputs[factors]`, channel by channel, or summed over channels into an output without. */
export interface NormalTerm {
  readonly coefficient: number
  /** Numbers of input elements, ascending. */
  readonly factors: readonly number[]
  readonly output: number
  readonly channels: number
}

/** A polynomial with all modes but channels unrolled. */
export interface NormalForm {
  readonly inputs: readonly Element[]
  readonly outputs: readonly Element[]
  readonly terms: readonly NormalTerm[]
}

export interface NormalFormOptions {
  /** Channels fewer than this are unrolled too. */
  readonly minChannels: number
  /** Give up beyond so many terms. */
  readonly maxTerms: number
}

/** Why a polynomial has no normal form that is worth having. */
export interface Refusal {
  readonly refusal: string
}

/** Elements and terms of a polynomial, equal terms added up. */
export function normalForm(polynomial: SegmentedPolynomial, { minChannels, maxTerms }: NormalFormOptions): NormalForm | Refusal {
  const inputs = new ElementTable()
  const outputs = new ElementTable()
  const merged = new Map<string, { coefficient: number; readonly factors: readonly number[]; readonly output: number; readonly channels: number }>()
  for (const [operation, product] of polynomial.operations) {
    const mode = channelMode(product)
    for (const path of product.paths) {
      const unrolled = unroll(operation, product, path, mode, polynomial.numInputs, minChannels, maxTerms)
      if (!unrolled) return { refusal: `unrolling all modes but channels gives more than ${maxTerms} terms; flatten fewer modes, or use 'naive'` }
      for (const { coefficient, elements, channels } of unrolled) {
        const last = elements[elements.length - 1]
        if (!last) continue
        const factors = elements.slice(0, -1).map((element) => inputs.number(element)).sort((a, b) => a - b)
        const output = outputs.number(last)
        const key = `${output}:${factors.join()}:${channels}`
        const known = merged.get(key)
        if (known) known.coefficient += coefficient
        else merged.set(key, { coefficient, factors, output, channels })
        if (merged.size > maxTerms) return { refusal: `it has more than ${maxTerms} terms` }
      }
    }
  }
  const conflict = overlap(outputs.elements, polynomial)
  if (conflict !== undefined) return { refusal: `elements of output ${conflict} lie along channels in one operation and across them in another` }
  return { inputs: inputs.elements, outputs: outputs.elements, terms: [...merged.values()].filter(({ coefficient }) => coefficient !== 0) }
}

/** Numbers for elements, in the order of their first use. */
export class ElementTable {
  readonly elements: Element[] = []
  readonly #numbers = new Map<string, number>()

  number(element: Element): number {
    const key = `${element.operand}:${element.offset}:${element.stride}:${element.channels}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.elements.length)
    return this.elements.push(element) - 1
  }
}

/** The mode that becomes channels: one that is contiguous in as many operands as possible, and long; of the output, if so asked. */
export function channelMode(product: SegmentedTensorProduct, within: 'all' | 'output' = 'all'): string | undefined {
  const { subscripts, operands } = product
  const ofOutput = subscripts.operands[operands.length - 1] ?? ''
  let best: string | undefined
  let bestScore = 0
  for (const mode of subscripts.modes) {
    if (subscripts.coefficients.includes(mode) || (within === 'output' && !ofOutput.includes(mode))) continue
    const axes = subscripts.axesOf(mode)
    const extents = product.paths.length === 0 ? [] : [...product.getDims(mode)]
    const isStrided = axes.filter(([k, axis]) => operands[k]?.segments.some((shape) => shape.slice(axis + 1).some((extent) => extent !== 1))).length
    const largest = Math.max(1, ...extents)
    const isInOutput = ofOutput.includes(mode) ? 2 : 1
    const score = largest === 1 ? 0 : (Math.min(largest, 1024) * isInOutput) / (1 + 8 * isStrided)
    if (score > bestScore) [best, bestScore] = [mode, score]
  }
  return best
}

/** A path with all modes but channels fixed; the output's element is the last one. */
export interface Unrolled {
  readonly coefficient: number
  readonly elements: readonly Element[]
  readonly channels: number
}

/** A path as terms; `undefined` if there would be more than `maxTerms`. */
export function unroll(
  { buffers }: Operation,
  { subscripts, operands }: SegmentedTensorProduct,
  path: Path,
  channel: string | undefined,
  numInputs: number,
  minChannels: number,
  maxTerms: number,
): Unrolled[] | undefined {
  const shapes = operands.map((operand, k) => operand.segments[path.indices[k] ?? 0] ?? [])
  const modes = subscripts.modes
  const extents = modes.map((mode) => {
    const k = subscripts.operands.findIndex((own) => own.includes(mode))
    return shapes[k]?.[subscripts.operands[k]?.indexOf(mode) ?? 0] ?? 0
  })
  const slot = channel === undefined ? -1 : modes.indexOf(channel)
  const extent = extents[slot] ?? 1
  const isUnrolled = extent < minChannels
  const loops = extents.map((own, n) => (n === slot && !isUnrolled ? 1 : own))
  if (loops.reduce((product, own) => product * own, 1) > 64 * maxTerms) return undefined
  const strides = shapes.map((shape, k) => stridesFor(modes, subscripts.operands[k] ?? '', shape))
  const coefficientStrides = stridesFor(modes, subscripts.coefficients, path.coefficients.shape)
  const terms: Unrolled[] = []
  for (const index of allIndices(loops)) {
    const coefficient = path.coefficients.data[dot(coefficientStrides, index)] ?? 0
    if (coefficient === 0) continue
    const elements = strides.map((own, k): Element => {
      const buffer = buffers[k] ?? 0
      const stride = isUnrolled ? 0 : (own[slot] ?? 0)
      return {
        operand: buffer < numInputs ? buffer : buffer - numInputs,
        offset: (operands[k]?.offsets[path.indices[k] ?? 0] ?? 0) + dot(own, index),
        stride,
        channels: stride === 0 ? 1 : extent,
      }
    })
    terms.push({ coefficient, elements, channels: isUnrolled ? 1 : extent })
    if (terms.length > maxTerms) return undefined
  }
  return terms
}

function stridesFor(modes: readonly string[], own: string, shape: readonly number[]): number[] {
  const strides = stridesOf(shape)
  return modes.map((mode) => (own.includes(mode) ? (strides[own.indexOf(mode)] ?? 0) : 0))
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (const [i, value] of a.entries()) sum += value * (b[i] ?? 0)
  return sum
}

/** Number of an output that has two different elements at one place. */
export function overlap(elements: readonly Element[], { outputs }: SegmentedPolynomial): number | undefined {
  const owners = outputs.map(({ size }) => new Int32Array(size).fill(-1))
  for (const [number, { operand, offset, stride, channels }] of elements.entries()) {
    const own = owners[operand]
    if (!own) continue
    for (let u = 0; u < (stride === 0 ? 1 : channels); u++) {
      const place = offset + u * stride
      if (own[place] !== -1) return operand
      own[place] = number
    }
  }
  return undefined
}

/** For every output, whether some element belongs to no term: it stays zero. */
export function hasUntouched(form: NormalForm, polynomial: SegmentedPolynomial): readonly boolean[] {
  const touched = polynomial.outputs.map(() => 0)
  const used = new Set(form.terms.map(({ output }) => output))
  for (const number of used) {
    const element = form.outputs[number]
    if (element) touched[element.operand] = (touched[element.operand] ?? 0) + (element.stride === 0 ? 1 : element.channels)
  }
  return polynomial.outputs.map(({ size }, o) => (touched[o] ?? 0) < size)
}
