import type { PlannedLaunch, Slot } from '../plan.ts'
import type { FloatScalar, PolynomialRequest, PolynomialSizes } from '../request.ts'

/** A table of numbers of an element type; one without entries still is memory. */
export function floats(scalar: FloatScalar, values: readonly number[]): Slot {
  const own = values.length === 0 ? [0] : values
  return { kind: 'constant', data: scalar === 'f32' ? Float32Array.from(own) : Float64Array.from(own) }
}

export function integers(values: readonly number[]): Slot {
  return { kind: 'constant', data: Int32Array.from(values.length === 0 ? [0] : values) }
}

/** What launches of one plan are put together from. */
export interface PlanParts {
  readonly temporaries: { readonly scalar: FloatScalar; readonly length: number }[]
  readonly launches: PlannedLaunch[]
}

/** The slot of a new temporary. */
export function newTemporary({ temporaries }: PlanParts, scalar: FloatScalar, length: number): Slot {
  return { kind: 'temporary', index: temporaries.push({ scalar, length: Math.max(1, length) }) - 1 }
}

/** Where an operand of a request lies, and how its rows are found. */
export class OperandView {
  readonly request: PolynomialRequest

  constructor(request: PolynomialRequest) {
    this.request = request
  }

  input(index: number) {
    return {
      slot: { kind: 'input', index } as const,
      scalar: this.request.inputScalars[index] ?? 'f32',
      size: this.request.polynomial.inputs[index]?.size ?? 0,
      access: this.request.inputs[index] ?? ({ kind: 'batched' } as const),
    }
  }

  output(index: number) {
    return {
      slot: { kind: 'output', index } as const,
      scalar: this.request.outputScalars[index] ?? 'f32',
      operand: this.request.polynomial.outputs[index],
      size: this.request.polynomial.outputs[index]?.size ?? 0,
      access: this.request.outputs[index] ?? ({ kind: 'batched' } as const),
    }
  }

  /** The index array with a number. */
  indices(index: number): Slot {
    return { kind: 'input', index: this.request.polynomial.numInputs + index }
  }
}

/** Rows of an input, however they are found. */
export function inputRows(sizes: PolynomialSizes, input: number): number {
  return sizes.inputRows[input] ?? sizes.batchSize
}
