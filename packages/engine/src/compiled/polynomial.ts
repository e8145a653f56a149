import type { SegmentedPolynomial } from '@equivar/core'
import * as lowering from '@equivar/core/lowering'
import type { AbstractValue } from '../graph/value.ts'
import type { InputAccess, OutputAccess, SegmentedPolynomialParams } from '../primitives/names.ts'
import type { Planner } from './planner.ts'

/** Lowered polynomials by identity: derivatives are made once and remembered, so that they are found here again. */
const known = new WeakMap<SegmentedPolynomial, Map<string, lowering.LoweredPolynomial>>()
const targetNumbers = new WeakMap<lowering.Target, number>()
let numTargets = 0

export const segmentedPolynomialPlanner: Planner<'segmentedPolynomial'> = {
  plan: (inputs, params, outputs, target) => loweredPolynomial(inputs, params, target).plan(polynomialSizes(inputs, params, outputs)),
}

/**
 * A polynomial made into kernels for what is known without sizes: accesses, dtype, method, target.
 *
 * @throws {PolynomialError} if the method that is asked for cannot serve; the message says what would help.
 */
export function loweredPolynomial(inputs: readonly AbstractValue[], params: SegmentedPolynomialParams, target: lowering.Target): lowering.LoweredPolynomial {
  const { polynomial, inputs: inputAccess, outputs, method = 'auto' } = params
  const scalar = inputs[0]?.dtype === 'float64' ? 'f64' : 'f32'
  const key = `${scalar} ${method} ${numberOf(target)} ${inputAccess.map(accessKey).join()} ${outputs.map(accessKey).join()}`
  let own = known.get(polynomial)
  if (!own) known.set(polynomial, (own = new Map<string, lowering.LoweredPolynomial>()))
  let lowered = own.get(key)
  if (!lowered) {
    const request: lowering.PolynomialRequest = {
      polynomial,
      inputs: inputAccess.map(rowAccess),
      outputs: outputs.map(rowAccess),
      inputScalars: inputAccess.map(() => scalar),
      outputScalars: outputs.map(() => scalar),
      mathScalar: scalar,
    }
    own.set(key, (lowered = lowering.lowerPolynomial(request, target, method)))
  }
  return lowered
}

export function polynomialSizes(
  inputs: readonly AbstractValue[],
  { polynomial, batchSize }: SegmentedPolynomialParams,
  outputs: readonly AbstractValue[],
): lowering.PolynomialSizes {
  const rows = ({ shape }: AbstractValue) => shape[0] ?? 0
  return { batchSize, inputRows: inputs.slice(0, polynomial.inputs.length).map(rows), outputRows: outputs.map(rows) }
}

function rowAccess(access: InputAccess | OutputAccess): lowering.RowAccess {
  return access.kind === 'indexed' ? { kind: 'indexed', index: access.index } : { kind: access.kind }
}

function accessKey(access: InputAccess | OutputAccess): string {
  return access.kind === 'indexed' ? `${access.index}` : access.kind
}

function numberOf(target: lowering.Target): number {
  let number = targetNumbers.get(target)
  if (number === undefined) targetNumbers.set(target, (number = ++numTargets))
  return number
}
