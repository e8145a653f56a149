import { PolynomialError, SubscriptsError } from '../errors.ts'
import type { TensorProductParts } from './parts.ts'

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
  const slots = modes.map((mode) => ({
    mode,
    axes: subscripts.operands.flatMap((own, k) => (own.includes(mode) ? [[k, own.indexOf(mode)] as const] : [])),
    coefficientAxis: subscripts.coefficients.indexOf(mode),
  }))
  for (const [n, path] of paths.entries()) {
    if (path.indices.length !== operands.length) throw new PolynomialError(`${name}: path ${n} names ${path.indices.length} segments for ${operands.length} operands`)
    for (const [k, segment] of path.indices.entries())
      if (segment >= (operands[k]?.numSegments ?? 0))
        throw new PolynomialError(`${name}: path ${n} uses segment ${segment} of operand ${k}, which has ${operands[k]?.numSegments ?? 0}`)
    if (path.coefficients.ndim !== coefficientRank)
      throw new PolynomialError(`${name}: path ${n} has coefficients of shape [${path.coefficients.shape.join(', ')}], but the coefficient modes are '${subscripts.coefficients}'`)
    for (const { mode, axes, coefficientAxis } of slots) {
      let extent = coefficientAxis >= 0 ? path.coefficients.shape[coefficientAxis] : undefined
      for (const [k, axis] of axes) {
        const own = operands[k]?.segments[path.indices[k] ?? 0]?.[axis]
        extent ??= own
        if (own !== extent)
          throw new PolynomialError(`${name}: path ${n} [${path.indices.join(', ')}] has extent ${own ?? '?'} for mode '${mode}' in operand ${k}, but ${extent ?? '?'} elsewhere`)
      }
    }
  }
}
