import { PolynomialError, SubscriptsError } from '../errors.ts'
import type { SegmentedOperand } from './operand.ts'
import type { TensorProductParts } from './parts.ts'
import type { Subscripts } from './subscripts.ts'

/**
 * Rules of a segmented tensor product: every mode occurs at least twice (coefficients count), coefficient modes occur in an
 * operand, paths point at segments that exist, and within a path every mode has one extent.
 */
export function validateTensorProduct({ subscripts, operands, paths }: TensorProductParts): void {
  const name = `SegmentedTensorProduct '${subscripts.toString()}'`
  if (subscripts.numOperands !== operands.length)
    throw new PolynomialError(`${name}: subscripts have ${subscripts.numOperands} operands, but ${operands.length} were given`)
  const modes = subscripts.modes
  for (const mode of modes) {
    const inOperands = subscripts.operands.filter((own) => own.includes(mode)).length
    const inCoefficients = subscripts.coefficients.includes(mode)
    if (inOperands === 0) throw new SubscriptsError(`${name}: coefficient mode '${mode}' occurs in no operand; remove it or add it to an operand`)
    if (inOperands + Number(inCoefficients) < 2) throw new SubscriptsError(`${name}: mode '${mode}' occurs once; sum over it beforehand, or give it to another operand`)
  }
  for (const [k, operand] of operands.entries()) {
    const own = subscripts.operands[k] ?? ''
    if (operand.numSegments > 0 && operand.ndim !== own.length)
      throw new PolynomialError(`${name}: operand ${k} has modes '${own}', but its segments have ${operand.ndim} axes`)
  }
  const coefficientRank = subscripts.coefficients.length
  const columns = modes.flatMap((mode) => modeColumns(mode, subscripts, operands))
  for (const [n, { indices, coefficients }] of paths.entries()) {
    if (indices.length !== operands.length) throw new PolynomialError(`${name}: path ${n} names ${indices.length} segments for ${operands.length} operands`)
    for (let k = 0; k < operands.length; k++)
      if ((indices[k] ?? 0) >= (operands[k]?.numSegments ?? 0))
        throw new PolynomialError(`${name}: path ${n} uses segment ${indices[k] ?? 0} of operand ${k}, which has ${operands[k]?.numSegments ?? 0}`)
    if (coefficients.ndim !== coefficientRank)
      throw new PolynomialError(`${name}: path ${n} has coefficients of shape [${coefficients.shape.join(', ')}], but the coefficient modes are '${subscripts.coefficients}'`)
    for (const { mode, coefficientAxis, entries } of columns) {
      let extent = coefficientAxis >= 0 ? coefficients.shape[coefficientAxis] : undefined
      for (const { operand, extents } of entries) {
        const own = extents[indices[operand] ?? 0]
        extent ??= own
        if (own !== extent)
          throw new PolynomialError(`${name}: path ${n} [${indices.join(', ')}] has extent ${own ?? '?'} for mode '${mode}' in operand ${operand}, but ${extent ?? '?'} elsewhere`)
      }
    }
  }
}

/** Extents of one mode in the segments of every operand that has it. */
interface ModeColumn {
  readonly mode: string
  /** −1 if it is no coefficient mode. */
  readonly coefficientAxis: number
  readonly entries: readonly { readonly operand: number; readonly extents: readonly number[] }[]
}

/** What has to be compared in every path; nothing for a mode that has one extent in all segments. */
function modeColumns(mode: string, subscripts: Subscripts, operands: readonly SegmentedOperand[]): readonly ModeColumn[] {
  const coefficientAxis = subscripts.coefficients.indexOf(mode)
  const entries = subscripts.axesOf(mode).map(([operand, axis]) => ({ operand, extents: operands[operand]?.segments.map((shape) => shape[axis] ?? 0) ?? [] }))
  const first = entries.find(({ extents }) => extents.length > 0)?.extents[0]
  const isUniform = coefficientAxis < 0 && entries.every(({ extents }) => extents.every((extent) => extent === first))
  return isUniform ? [] : [{ mode, coefficientAxis, entries }]
}
