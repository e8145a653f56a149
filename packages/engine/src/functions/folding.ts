import { PolynomialError, type SegmentedPolynomial } from '@equivar/core'
import type { AbstractValue } from '../graph/value.ts'
import type { SegmentedPolynomialParams } from '../primitives/names.ts'

/** An input whose rows are made into tables of coefficients first, and what is then computed with them. */
export interface Folding {
  readonly operand: number
  /** From a row of the input to a row of the table. */
  readonly table: SegmentedPolynomial
  readonly params: SegmentedPolynomialParams
}

/** Paths that must be saved for every one that is left, or a table only costs memory. */
const worthwhile = 1.5
/** A path of a table, which is written to memory and read again, beside one that stays in registers. */
const tableCost = 4

/**
 * Whether an input that few rows serve many batch entries with (the weights of a species in a symmetric contraction) is better made
 * into a table first: every product of the other inputs then has one coefficient, instead of a sum over paths for every entry.
 */
export function foldingOf(arrays: readonly AbstractValue[], params: SegmentedPolynomialParams): Folding | undefined {
  const { polynomial, inputs, batchSize, method } = params
  if (method !== undefined) return undefined
  for (const [operand, access] of inputs.entries()) {
    if (access.kind === 'batched') continue
    const folded = foldedOf(polynomial, operand)
    const rows = arrays[operand]?.shape[0] ?? 0
    if (!folded || tableCost * rows * folded.numPathsBefore > batchSize * (folded.numPathsBefore - folded.numPaths)) continue
    return { operand, table: folded.table, params: { ...params, polynomial: folded.main } }
  }
  return undefined
}

type Folded = ReturnType<SegmentedPolynomial['foldOperand']>
const known = new WeakMap<SegmentedPolynomial, Map<number, Folded | null>>()

function foldedOf(polynomial: SegmentedPolynomial, operand: number): Folded | null {
  let own = known.get(polynomial)
  if (!own) known.set(polynomial, (own = new Map<number, Folded | null>()))
  const found = own.get(operand)
  if (found !== undefined) return found
  const made = isRepeatedBeside(polynomial, operand) ? fold(polynomial, operand) : null
  own.set(operand, made)
  return made
}

/** Products of one input with itself are where paths coincide. */
function isRepeatedBeside({ operations, inputs }: SegmentedPolynomial, operand: number): boolean {
  const isLinear = operations.every(([{ buffers }]) => buffers.filter((buffer) => buffer === operand).length === 1)
  return isLinear && operations.some(([{ buffers }]) => new Set(buffers).size < buffers.length && inputs.length > 1)
}

function fold(polynomial: SegmentedPolynomial, operand: number): Folded | null {
  try {
    const folded = polynomial.flattenCoefficientModes().foldOperand(operand)
    return folded.numPathsBefore >= worthwhile * folded.numPaths ? folded : null
  } catch (error) {
    // Modes that cannot be flattened where they stand: the polynomial stays as it is.
    if (error instanceof PolynomialError) return null
    throw error
  }
}
