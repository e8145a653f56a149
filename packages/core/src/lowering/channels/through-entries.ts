import type { NormalForm, NormalTerm } from '../normal-form.ts'
import { SegmentedPolynomial, SegmentedTensorProductBuilder } from '../../polynomials/index.ts'
import type { Plan, Slot, Target } from '../plan.ts'
import type { PolynomialRequest, PolynomialSizes, RowAccess } from '../request.ts'
import { widthOf } from '../scalars.ts'
import { ChannelLowering } from './lower-channels.ts'

/** How much more than the way around a sum over rows must read to be left. */
const worthIt = 1.5

/** An output that is not summed at once. */
interface Moved {
  readonly output: number
  readonly sum: ChannelLowering
}

/**
 * Outputs that are sums into rows by way of a row for every entry, which are written along with what entries have anyway and then added
 * up: where a pass in the order of those rows would read the rows of other index arrays once an entry, and more of them.
 */
export class ThroughEntries {
  readonly orders: readonly number[]
  readonly #request: PolynomialRequest
  readonly #moved: readonly Moved[]
  readonly #entries: ChannelLowering

  private constructor(request: PolynomialRequest, form: NormalForm, target: Target, outputs: readonly number[]) {
    this.#request = request
    const { mathScalar, outputScalars } = request
    const isMoved = (o: number) => outputs.includes(o)
    const ofEntries: PolynomialRequest = {
      ...request,
      outputs: request.outputs.map((access, o) => (isMoved(o) ? { kind: 'batched' } : access)),
      outputScalars: outputScalars.map((scalar, o) => (isMoved(o) ? mathScalar : scalar)),
    }
    this.#entries = new ChannelLowering(ofEntries, form, target)
    this.#moved = outputs.map((output) => ({ output, sum: new ChannelLowering(sumRequest(request, output), sumForm(request, output), target) }))
    this.orders = [...new Set([this.#entries, ...this.#moved.map(({ sum }) => sum)].flatMap(({ orders }) => orders))].sort((a, b) => a - b)
  }

  /** `undefined` where it is worth it for no output. */
  static of(request: PolynomialRequest, form: NormalForm, target: Target): ThroughEntries | undefined {
    if (target.lanes !== 'gpu') return undefined
    const outputs = request.outputs.flatMap((_, o) => (isWorthIt(request, form, o, target) ? [o] : []))
    return outputs.length > 0 ? new ThroughEntries(request, form, target, outputs) : undefined
  }

  plan(sizes: PolynomialSizes): Plan {
    const { mathScalar, polynomial, inputs } = this.#request
    const lengthOf = (o: number) => sizes.batchSize * (polynomial.outputs[o]?.size ?? 0)
    const rows = this.#moved.map(({ output }) => ({ scalar: mathScalar, length: lengthOf(output) }))
    const temporaryOf = (o: number): number => this.#moved.findIndex(({ output }) => output === o)
    const entries = this.#entries.plan({ ...sizes, outputRows: sizes.outputRows.map((own, o) => (temporaryOf(o) >= 0 ? sizes.batchSize : own)) })
    const temporaries = [...rows, ...entries.temporaries]
    const ofEntries = (slot: Slot): Slot => {
      if (slot.kind === 'temporary') return { kind: 'temporary', index: slot.index + rows.length }
      const moved = slot.kind === 'output' ? temporaryOf(slot.index) : -1
      return moved < 0 ? slot : { kind: 'temporary', index: moved }
    }
    const launches = entries.launches.map((launch) => ({ ...launch, buffers: launch.buffers.map(ofEntries) }))
    for (const [k, { output, sum }] of this.#moved.entries()) {
      const plan = sum.plan({ batchSize: sizes.batchSize, inputRows: [sizes.batchSize], outputRows: [sizes.outputRows[output] ?? 0] })
      const offset = temporaries.length
      const ofSum = (slot: Slot): Slot => {
        if (slot.kind === 'temporary') return { kind: 'temporary', index: slot.index + offset }
        if (slot.kind === 'output') return { kind: 'output', index: output }
        if (slot.kind !== 'input') return slot
        return slot.index === 0 ? { kind: 'temporary', index: k } : { kind: 'input', index: slot.index - 1 + inputs.length }
      }
      temporaries.push(...plan.temporaries)
      launches.push(...plan.launches.map((launch) => ({ ...launch, buffers: launch.buffers.map(ofSum) })))
    }
    return { temporaries, launches }
  }
}

/** Bytes that are moved an entry: rows looked up by index arrays, rows of entries, and those of the largest array, which a pass in its order keeps. */
function isWorthIt(request: PolynomialRequest, form: NormalForm, output: number, { vectorBytes }: Target): boolean {
  const { inputs, outputs, polynomial, inputScalars, mathScalar } = request
  const access = outputs[output]
  // Rows of fewer elements are not worth a kernel of their own.
  if (access?.kind !== 'indexed' || (polynomial.outputs[output]?.size ?? 0) < vectorBytes / 4) return false
  const own = operandsOf(form, (o) => o === output)
  const withEntries = operandsOf(form, (o) => outputs[o]?.kind === 'batched')
  const bytesOf = (i: number) => (polynomial.inputs[i]?.size ?? 0) * widthOf(inputScalars[i] ?? mathScalar)
  const gathered = new Map<number, number>()
  let streamed = 0
  let alone = 0
  for (const i of own) {
    const { kind } = inputs[i] ?? access
    const index = indexOf(inputs[i])
    if (kind === 'batched') {
      streamed += bytesOf(i)
      if (!withEntries.has(i)) alone += bytesOf(i)
    } else if (index !== undefined && index !== access.index) gathered.set(index, (gathered.get(index) ?? 0) + bytesOf(i))
  }
  const sizes = [...gathered.values()]
  const all = sizes.reduce((sum, size) => sum + size, 0)
  const rows = 2 * (polynomial.outputs[output]?.size ?? 0) * widthOf(mathScalar)
  return streamed + all > worthIt * (rows + alone + all - Math.max(0, ...sizes))
}

function indexOf(access: RowAccess | undefined): number | undefined {
  return access?.kind === 'indexed' ? access.index : undefined
}

/** Inputs that terms of some outputs read. */
function operandsOf({ terms, inputs, outputs }: NormalForm, isOne: (output: number) => boolean): ReadonlySet<number> {
  const own = terms.filter(({ output }) => isOne(outputs[output]?.operand ?? -1))
  return new Set(own.flatMap(({ factors }) => factors.flatMap((number) => inputs[number]?.operand ?? [])))
}

/** `rows[index[b]] += entries[b]`. */
function sumRequest({ polynomial, outputs, outputScalars, mathScalar }: PolynomialRequest, output: number): PolynomialRequest {
  const builder = new SegmentedTensorProductBuilder('u,u')
  builder.addPath(null, null, { c: 1, dims: { u: polynomial.outputs[output]?.size ?? 0 } })
  return {
    polynomial: SegmentedPolynomial.evalLastOperand(builder.build()),
    inputs: [{ kind: 'batched' }],
    outputs: [outputs[output] ?? { kind: 'batched' }],
    inputScalars: [mathScalar],
    outputScalars: [outputScalars[output] ?? mathScalar],
    mathScalar,
  }
}

function sumForm({ polynomial }: PolynomialRequest, output: number): NormalForm {
  const channels = polynomial.outputs[output]?.size ?? 0
  const element = { operand: 0, offset: 0, stride: 1, channels }
  const term: NormalTerm = { coefficient: 1, factors: [0], output: 0, channels }
  return { inputs: [element], outputs: [element], terms: [term] }
}
