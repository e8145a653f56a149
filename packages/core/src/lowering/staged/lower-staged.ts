import type { StorageType } from '../../kernels/index.ts'
import { Operation, type SegmentedOperand, SegmentedPolynomial, type SegmentedTensorProduct, type Term } from '../../polynomials/index.ts'
import type { Plan, Slot } from '../plan.ts'
import type { LoweredPolynomial, PolynomialRequest, PolynomialSizes, RowAccess } from '../request.ts'
import { between, splitTerm } from './split.ts'

/** One polynomial of a sequence: its inputs are operands of the whole, or what stages before made. */
interface Stage {
  readonly lowered: LoweredPolynomial
  readonly inputs: readonly Source[]
  readonly output: Source
}

type Source = { readonly kind: 'input' | 'output'; readonly index: number } | { readonly kind: 'between'; readonly index: number }

interface Between {
  readonly operand: SegmentedOperand
}

/**
 * A polynomial in two stages: products of two inputs for every entry, kept in temporary memory, then their products with the third.
 * Each stage is lowered on its own, most of them as products of matrices.
 */
export class StagedLowering {
  readonly orders: readonly number[]
  readonly #request: PolynomialRequest
  readonly #stages: readonly Stage[]
  readonly #between: readonly Between[]

  private constructor(request: PolynomialRequest, stages: readonly Stage[], middle: readonly Between[]) {
    this.#request = request
    this.#stages = stages
    this.#between = middle
    this.orders = [...new Set(stages.flatMap(({ lowered }) => lowered.orders))].sort((a, b) => a - b)
  }

  /** `undefined` if no operation is worth being split. */
  static of(request: PolynomialRequest, lower: (request: PolynomialRequest) => LoweredPolynomial): StagedLowering | undefined {
    const { polynomial } = request
    const middle: Between[] = []
    const stages: Stage[] = []
    const later = polynomial.outputs.map((): { readonly buffers: readonly Source[]; readonly product: SegmentedTensorProduct }[] => [])
    const sourceOf = (buffer: number): Source => (buffer < polynomial.numInputs ? { kind: 'input', index: buffer } : { kind: 'output', index: buffer - polynomial.numInputs })
    const builder = new StageBuilder(request, middle, lower)
    for (const term of polynomial.operations) {
      const split = splitTerm(term)
      const [operation, product] = term
      const output = operation.outputBuffer(polynomial.numInputs) - polynomial.numInputs
      if (!split) {
        later[output]?.push({ buffers: operation.buffers.map(sourceOf), product })
        continue
      }
      const made: Source = { kind: 'between', index: middle.push({ operand: split.between }) - 1 }
      const sources = (buffers: readonly number[]) => buffers.map((buffer) => (buffer === between ? made : sourceOf(buffer)))
      stages.push(builder.stage([{ buffers: sources(split.first.buffers), product: split.first.product }], made))
      later[output]?.push({ buffers: sources(split.second.buffers), product: split.second.product })
    }
    if (stages.length === 0) return undefined
    for (const [index, terms] of later.entries()) stages.push(builder.stage(terms, { kind: 'output', index }))
    return new StagedLowering(request, stages, middle)
  }

  plan(sizes: PolynomialSizes): Plan {
    const temporaries: { readonly scalar: StorageType; readonly length: number }[] = this.#between.map(({ operand }) => ({
      scalar: this.#request.mathScalar,
      length: operand.size * sizes.batchSize,
    }))
    const rowsOf = (source: Source) => {
      if (source.kind === 'between') return sizes.batchSize
      return (source.kind === 'input' ? sizes.inputRows : sizes.outputRows)[source.index] ?? 0
    }
    const launches = this.#stages.flatMap(({ lowered, inputs, output }) => {
      const plan = lowered.plan({ batchSize: sizes.batchSize, inputRows: inputs.map(rowsOf), outputRows: [rowsOf(output)] })
      const offset = temporaries.length
      temporaries.push(...plan.temporaries)
      return plan.launches.map((launch) => ({ ...launch, buffers: launch.buffers.map((slot) => this.#slot(slot, inputs, output, offset)) }))
    })
    return { temporaries, launches }
  }

  /** A stage's slot as one of the whole. */
  #slot(slot: Slot, inputs: readonly Source[], output: Source, offset: number): Slot {
    if (slot.kind === 'temporary') return { kind: 'temporary', index: slot.index + offset }
    if (slot.kind === 'output') return slotOf(output)
    if (slot.kind !== 'input') return slot
    const source = inputs[slot.index]
    return source ? slotOf(source) : { kind: 'input', index: slot.index - inputs.length + this.#request.inputs.length }
  }
}

function slotOf(source: Source): Slot {
  return source.kind === 'between' ? { kind: 'temporary', index: source.index } : source
}

/** Polynomials of stages from terms between sources. */
class StageBuilder {
  readonly #request: PolynomialRequest
  readonly #between: readonly Between[]
  readonly #lower: (request: PolynomialRequest) => LoweredPolynomial

  constructor(request: PolynomialRequest, middle: readonly Between[], lower: (request: PolynomialRequest) => LoweredPolynomial) {
    this.#request = request
    this.#between = middle
    this.#lower = lower
  }

  stage(terms: readonly { readonly buffers: readonly Source[]; readonly product: SegmentedTensorProduct }[], output: Source): Stage {
    const inputs: Source[] = []
    const numbers = new Map<string, number>()
    const numberOf = (source: Source) => {
      const key = `${source.kind} ${source.index}`
      const number = numbers.get(key) ?? inputs.push(source) - 1
      numbers.set(key, number)
      return number
    }
    for (const { buffers } of terms) for (const source of buffers.slice(0, -1)) numberOf(source)
    const operations = terms.map(({ buffers, product }): Term => [new Operation([...buffers.slice(0, -1).map(numberOf), inputs.length]), product])
    const polynomial = new SegmentedPolynomial(inputs.map((source) => this.#operand(source)), [this.#operand(output)], operations).consolidateModes()
    const { mathScalar, inputScalars, outputScalars } = this.#request
    const scalarOf = (source: Source) => (source.kind === 'between' ? mathScalar : ((source.kind === 'input' ? inputScalars : outputScalars)[source.index] ?? mathScalar))
    const lowered = this.#lower({
      polynomial,
      inputs: inputs.map((source) => this.#access(source)),
      outputs: [this.#access(output)],
      inputScalars: inputs.map(scalarOf),
      outputScalars: [scalarOf(output)],
      mathScalar,
    })
    return { lowered, inputs, output }
  }

  #operand(source: Source): SegmentedOperand {
    const { polynomial } = this.#request
    const operand = source.kind === 'between' ? this.#between[source.index]?.operand : (source.kind === 'input' ? polynomial.inputs : polynomial.outputs)[source.index]
    return operand ?? this.#operand({ kind: 'input', index: 0 })
  }

  #access(source: Source): RowAccess {
    const { inputs, outputs } = this.#request
    if (source.kind === 'between') return { kind: 'batched' }
    return (source.kind === 'input' ? inputs : outputs)[source.index] ?? { kind: 'batched' }
  }
}
