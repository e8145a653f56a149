import { sizeOf } from '../../math/host-array.ts'
import { SegmentedOperand } from '../operand.ts'
import type { TensorProductParts } from '../parts.ts'

/** Drops segments without elements, and the paths that use them. */
export function removeEmptySegments(parts: TensorProductParts): TensorProductParts {
  if (parts.operands.every((operand) => operand.segments.every((shape) => sizeOf(shape) > 0))) return parts
  const isKept = parts.operands.map((operand) => operand.segments.map((shape) => sizeOf(shape) > 0))
  return keepSegments(parts, isKept)
}

/** Drops segments, and the paths that use them. */
export function keepSegments({ subscripts, operands, paths }: TensorProductParts, isKept: readonly (readonly boolean[])[]): TensorProductParts {
  const newNumbers = isKept.map((kept) => {
    let next = 0
    return kept.map((keep) => (keep ? next++ : -1))
  })
  return {
    subscripts,
    operands: operands.map(
      (operand, k) =>
        new SegmentedOperand(
          operand.segments.filter((_, s) => isKept[k]?.[s]),
          operand.ndim,
        ),
    ),
    paths: paths
      .filter((path) => path.indices.every((segment, k) => isKept[k]?.[segment]))
      .map((path) => path.withIndices(path.indices.map((segment, k) => newNumbers[k]?.[segment] ?? 0))),
  }
}
