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
  const { subscripts } = parts
  for (const mode of modes ?? [])
    if (!subscripts.has(mode)) throw new PolynomialError(`consolidateModes: '${subscripts.text}' has no mode '${mode}'`)
  const allowed = Array.from(modes ?? subscripts.modes)
  const pairs = allowed.flatMap((first) => allowed.map((second) => first + second))
  return mergeModes(
    parts,
    pairs.filter((pair) => isMergeable(subscripts, pair)),
  )
}

/** The second mode of the pair directly follows the first wherever either occurs. */
export function isMergeable({ operands, coefficients }: Subscripts, pair: string): boolean {
  const [first = '', second = ''] = pair
  if (first === second) return false
  return [...operands, coefficients].every((piece) => piece.includes(pair) || (!piece.includes(first) && !piece.includes(second)))
}

/** Makes one mode, called like the first, of every given pair; pairs that share a mode make one of all of them. */
export function mergeModes(parts: TensorProductParts, pairs: readonly string[]): TensorProductParts {
  // From the last pair of a chain to its first, so that a pair is still called what it was.
  const next = pairs.find((pair) => !pairs.some((other) => other.startsWith(pair.charAt(1))))
  if (next === undefined) return parts
  return mergeModes(
    mergePair(parts, next),
    pairs.filter((pair) => pair !== next),
  )
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
