import { PolynomialError } from '../../errors.ts'
import type { TensorProductParts } from '../parts.ts'
import { keepSegments } from './remove-empty-segments.ts'

/** `[start, end)`; negative counts from the end; what is left out reaches to that end. */
export type Slice = readonly [start?: number | undefined, end?: number | undefined]

/**
 * Keeps segments start … end − 1 of every operand, and the paths whose segments all stay.
 *
 * @throws {PolynomialError} unless there is one slice of integers for every operand.
 */
export function sliceBySegment(parts: TensorProductParts, slices: readonly Slice[]): TensorProductParts {
  const ranges = resolve('sliceBySegment', parts, slices, (k) => parts.operands[k]?.numSegments ?? 0)
  return keepSegments(
    parts,
    parts.operands.map((operand, k) => operand.segments.map((_, s) => s >= (ranges[k]?.[0] ?? 0) && s < (ranges[k]?.[1] ?? 0))),
  )
}

/** The same with slices counted in elements: a segment stays if it overlaps the slice of its operand. */
export function sliceBySize(parts: TensorProductParts, slices: readonly Slice[]): TensorProductParts {
  const ranges = resolve('sliceBySize', parts, slices, (k) => parts.operands[k]?.size ?? 0)
  return keepSegments(
    parts,
    parts.operands.map(({ segments, offsets }, k) => {
      const [start, end] = ranges[k] ?? [0, 0]
      return segments.map((_, s) => (offsets[s] ?? 0) < end && (offsets[s + 1] ?? 0) > start)
    }),
  )
}

function resolve(
  what: string,
  { subscripts, operands }: TensorProductParts,
  slices: readonly Slice[],
  lengthOf: (operand: number) => number,
): (readonly [number, number])[] {
  if (slices.length !== operands.length) throw new PolynomialError(`${what}: '${subscripts.text}' has ${operands.length} operands, but ${slices.length} slices were given; pass one for each`)
  return slices.map((slice, k) => {
    if (!Array.isArray(slice) || slice.length > 2 || slice.some((bound) => bound !== undefined && !Number.isInteger(bound)))
      throw new PolynomialError(`${what}: the slice of operand ${k} must be [start, end] of integers, got ${JSON.stringify(slice)}; steps are not supported`)
    const length = lengthOf(k)
    const bounded = (position: number) => Math.min(length, Math.max(0, position < 0 ? position + length : position))
    const [start = 0, end = length] = slice
    return [bounded(start), bounded(end)]
  })
}
