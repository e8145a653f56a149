import type { PolynomialRequest, PolynomialSizes, RowAccess } from '../../lowering/index.ts'
import { type Elements, elementsOf } from '../guarded.ts'
import { Random } from '../random.ts'
import { accessOf, type IndexArray, indexArray } from './access.ts'
import type { PolynomialCase } from './cases.ts'
import { derive } from './derivatives.ts'
import { polynomialOf } from './descriptors.ts'
import { conditionOf, evaluateRows, type Rows, type Sums } from './evaluate.ts'
import { numbersOf } from './numbers.ts'

/** Everything that a case says, made concrete. */
export interface Problem {
  readonly request: PolynomialRequest
  readonly sizes: PolynomialSizes
  readonly indices: readonly IndexArray[]
  readonly inputs: readonly Elements[]
  /** Inputs with one number share memory. */
  readonly places: readonly number[]
  /** Outputs by the definition, in float64. */
  readonly expected: readonly Sums[]
  /** Largest `conditionOf` of an output. */
  readonly condition: number
}

/**
 * Errors are measured by the largest element of an output. Where that is small beside the terms that it is a sum of, arithmetic without
 * a fault may exceed every tolerance: `|error| ≤ n · ε · Σ|terms|` for n roundings one after the other (N. J. Higham, Accuracy and
 * Stability of Numerical Algorithms, 3.1). So a case has numbers for which the terms are at most so many times larger; ten roundings of
 * float32, all in the worst direction, are tolerated then.
 */
export const largestCondition = 16
/** How often numbers are drawn for it. Each time fewer of them are negative: long sums of both signs have few results that are large. */
const maxDraws = 8

/** The operands, rows and data of a case: the same for the same case. */
export function problemOf(own: PolynomialCase): Problem {
  const random = new Random(`${own.seed} ${own.name}`)
  const forward = polynomialOf(own.descriptor, own.multiplicity, own.form)
  const access = accessOf(own.access, forward, own.name)
  const [polynomial, map] = derive(forward, own.derivative)
  const [inputs, outputs] = map<RowAccess>(access.inputs, access.outputs)
  const numbers = numbersOf(own.numbers, polynomial.numInputs, polynomial.numOutputs)
  const isPointedTo = (index: number) => (_: unknown, k: number) => {
    const one = [...inputs, ...outputs][k]
    return one?.kind === 'indexed' && one.index === index
  }
  const indices = Array.from({ length: access.numIndices }, (_, index) => {
    const largest = Math.max(1, ...polynomial.operands.filter(isPointedTo(index)).map(({ size }) => size))
    return indexArray(own.rows, own.batchSize, largest, random)
  })
  const rowsOf = (one: RowAccess | undefined): number => {
    if (one?.kind === 'indexed') return indices[one.index]?.rows ?? 0
    return one?.kind === 'shared' ? 1 : own.batchSize
  }
  const sizes = { batchSize: own.batchSize, inputRows: inputs.map(rowsOf), outputRows: outputs.map(rowsOf) }

  const firstOfSize = forward.inputs.map(({ size }) => forward.inputs.findIndex((other) => other.size === size))
  const [groups] = map<number>(firstOfSize, forward.outputs.map((_, o) => forward.numInputs + o))
  const places = polynomial.inputs.map((_, i) => {
    const isSame = (_other: unknown, k: number) => groups[k] === groups[i] && numbers.inputs[k] === numbers.inputs[i]
    return own.access === 'repeated' ? polynomial.inputs.findIndex(isSame) : i
  })
  const request = { polynomial, inputs, outputs, inputScalars: numbers.inputs, outputScalars: numbers.outputs, mathScalar: numbers.math }
  const draw = (negative: number): Problem => {
    const data: Elements[] = []
    for (const [i, operand] of polynomial.inputs.entries()) {
      const place = places[i] ?? i
      const known = place < i ? data[place] : undefined
      data.push(known ?? inputData(numbers.inputs[i] ?? 'f64', operand.size, sizes.inputRows[i] ?? 0, inputs[i], indices, () => random.number(negative)))
    }
    return { request, sizes, indices, inputs: data, places, ...evaluated(request, sizes, indices, data) }
  }
  let best = draw(1 / 2)
  for (let n = 1; n < maxDraws && best.condition > largestCondition; n++) {
    const next = draw(2 ** -(1 + n))
    if (next.condition < best.condition) best = next
  }
  return best
}

/** Rows that no index points to are no numbers, so that reading one is found out. */
function inputData(scalar: 'f32' | 'f64', size: number, rows: number, access: RowAccess | undefined, indices: readonly IndexArray[], number: () => number): Elements {
  const data = elementsOf(scalar, rows * size)
  const used = access?.kind === 'indexed' ? new Set(indices[access.index]?.indices) : null
  if (used) data.fill(Number.NaN)
  for (const row of used ?? Array.from({ length: rows }, (_, k) => k)) for (let k = row * size; k < (row + 1) * size; k++) data[k] = number()
  return data
}

function evaluated({ polynomial, inputs, outputs }: PolynomialRequest, sizes: PolynomialSizes, indices: readonly IndexArray[], data: readonly Elements[]): Pick<Problem, 'expected' | 'condition'> {
  const rowOf = (access: RowAccess | undefined) => (entry: number) => {
    if (access?.kind === 'indexed') return indices[access.index]?.indices[entry] ?? 0
    return access?.kind === 'shared' ? 0 : entry
  }
  const rows = data.map((own, i): Rows => ({ data: own, rowOf: rowOf(inputs[i]) }))
  const sums = polynomial.outputs.map(({ size }, o): Sums => {
    const length = (sizes.outputRows[o] ?? 0) * size
    return { data: new Float64Array(length), magnitudes: new Float64Array(length), rowOf: rowOf(outputs[o]) }
  })
  evaluateRows(polynomial, rows, sums, sizes.batchSize)
  return { expected: sums, condition: Math.max(1, ...sums.map(conditionOf)) }
}
