import { PolynomialError } from '../../errors.ts'
import { SegmentedOperand } from '../operand.ts'
import type { TensorProductParts } from '../parts.ts'
import { Subscripts } from '../subscripts.ts'

/** Modes that have extent one in every segment and coefficient. */
export function squeezableModes({ subscripts, operands, paths }: TensorProductParts): string {
  return subscripts.modes
    .filter(
      (mode) =>
        subscripts.operands.every((own, k) => {
          const axis = own.indexOf(mode)
          return axis < 0 || (operands[k]?.segments.every((shape) => shape[axis] === 1) ?? true)
        }) && paths.every((path) => (path.coefficients.shape[subscripts.coefficients.indexOf(mode)] ?? 1) === 1),
    )
    .join('')
}

/**
 * Drops modes of extent one: all of them, or the named ones.
 *
 * @throws {PolynomialError} if a named mode has another extent somewhere, or does not occur.
 */
export function squeezeModes(parts: TensorProductParts, modes?: string): TensorProductParts {
  const possible = squeezableModes(parts)
  const drop = modes ?? possible
  for (const mode of drop)
    if (!possible.includes(mode))
      throw new PolynomialError(`squeezeModes: mode '${mode}' of '${parts.subscripts.toString()}' is not of extent one everywhere; only '${possible}' can be squeezed`)
  if (drop === '') return parts
  const keep = (own: string) => [...own].flatMap((mode, axis) => (drop.includes(mode) ? [] : [axis]))
  const without = (own: string) => [...own].filter((mode) => !drop.includes(mode)).join('')
  const { subscripts } = parts
  const coefficientAxes = keep(subscripts.coefficients)
  return {
    subscripts: Subscripts.fromOperands(subscripts.operands.map(without), without(subscripts.coefficients)),
    operands: parts.operands.map((operand, k) => {
      const axes = keep(subscripts.operands[k] ?? '')
      if (axes.length === operand.ndim) return operand
      return new SegmentedOperand(
        operand.segments.map((shape) => axes.map((axis) => shape[axis] ?? 1)),
        axes.length,
      )
    }),
    paths: parts.paths.map((path) => path.withCoefficients(path.coefficients.reshape(coefficientAxes.map((axis) => path.coefficients.shape[axis] ?? 1)))),
  }
}
