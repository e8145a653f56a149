import { PolynomialError } from '../../errors.ts'
import { SegmentedOperand } from '../operand.ts'
import type { TensorProductParts } from '../parts.ts'
import { Path } from '../path.ts'
import { Subscripts } from '../subscripts.ts'

/**
 * Merges modes that always stand side by side: `'uvi,uvi'` with one mode for `uv` and, merged again, one for all. A pair is
 * merged if the second directly follows the first wherever either occurs, in operands and coefficients.
 *
 * @param modes only these may be merged; by default all.
 * @throws {PolynomialError} if a named mode does not exist.
 */
export function consolidateModes(parts: TensorProductParts, modes?: string | readonly string[]): TensorProductParts {
  for (const mode of modes ?? [])
    if (!parts.subscripts.has(mode)) throw new PolynomialError(`consolidateModes: '${parts.subscripts.text}' has no mode '${mode}'`)
  const allowed = new Set(modes ?? parts.subscripts.modes)
  const merge = (rest: TensorProductParts): TensorProductParts => {
    const pair = adjacentPair(rest.subscripts, allowed)
    return pair === undefined ? rest : merge(mergePair(rest, pair))
  }
  return merge(parts)
}

function adjacentPair({ operands, coefficients, modes }: Subscripts, allowed: ReadonlySet<string>): string | undefined {
  const pieces = [...operands, coefficients]
  const candidates = modes.flatMap((first) => modes.map((second) => first + second))
  return candidates.find(([first = '', second = '']) => {
    if (first === second || !allowed.has(first) || !allowed.has(second)) return false
    return pieces.every((piece) => piece.includes(first + second) || (!piece.includes(first) && !piece.includes(second)))
  })
}

function mergePair({ subscripts, operands, paths }: TensorProductParts, pair: string): TensorProductParts {
  const mode = pair.charAt(0)
  const mergedPiece = (piece: string) => piece.replace(pair, mode)
  const mergedShape = (piece: string, shape: readonly number[]) => {
    const axis = piece.indexOf(pair)
    return axis < 0 ? shape : [...shape.slice(0, axis), (shape[axis] ?? 1) * (shape[axis + 1] ?? 1), ...shape.slice(axis + 2)]
  }
  const inCoefficients = subscripts.coefficients.includes(pair)
  return {
    subscripts: Subscripts.fromOperands(subscripts.operands.map(mergedPiece), mergedPiece(subscripts.coefficients)),
    operands: operands.map((operand, k) => {
      const own = subscripts.operands[k] ?? ''
      if (!own.includes(pair)) return operand
      return new SegmentedOperand(
        operand.segments.map((shape) => mergedShape(own, shape)),
        operand.ndim - 1,
      )
    }),
    paths: inCoefficients
      ? paths.map(({ indices, coefficients }) => new Path(indices, coefficients.reshape(mergedShape(subscripts.coefficients, coefficients.shape))))
      : paths,
  }
}
