import { PolynomialError } from '../../errors.ts'
import { HostArray, sizeOf } from '../../math/host-array.ts'
import { SegmentedOperand } from '../operand.ts'
import type { TensorProductParts } from '../parts.ts'
import { Path } from '../path.ts'

/**
 * Cuts a mode into chunks: a segment (d, …) becomes d / size segments (size, …), a path one path a chunk. Nothing happens if
 * there is no such mode.
 *
 * @throws {PolynomialError} unless the mode comes first in every operand that has it, and size divides all its extents.
 */
export function splitMode(parts: TensorProductParts, mode: string, size: number): TensorProductParts {
  const { subscripts, operands, paths } = parts
  if (!subscripts.has(mode)) return parts
  if (!(Number.isSafeInteger(size) && size > 0)) throw new PolynomialError(`splitMode: the size ${size} of chunks must be a positive integer`)
  for (const [k, axis] of subscripts.axesOf(mode)) {
    if (axis !== 0) throw new PolynomialError(`splitMode: mode '${mode}' must come first in operand ${k}, '${subscripts.operands[k] ?? ''}', of '${subscripts.text}'; move its axis to the front`)
    for (const extent of operands[k]?.getDims(0) ?? [])
      if (extent % size !== 0) throw new PolynomialError(`splitMode: mode '${mode}' of operand ${k} has extent ${extent}, which chunks of ${size} do not divide; use a common divisor`)
  }
  const isSplit = subscripts.operands.map((own) => own.startsWith(mode))
  const chunksOf = (shape: readonly number[]) => (shape[0] ?? 0) / size
  const firstChunks = operands.map((operand, k) => {
    let next = 0
    return operand.segments.map((shape) => {
      const first = next
      next += isSplit[k] ? chunksOf(shape) : 1
      return first
    })
  })
  const [reference = 0] = subscripts.axesOf(mode).map(([k]) => k)
  const coefficientAxis = subscripts.coefficients.indexOf(mode)
  return {
    subscripts,
    operands: operands.map((operand, k) =>
      isSplit[k]
        ? new SegmentedOperand(
            operand.segments.flatMap((shape) => Array.from({ length: chunksOf(shape) }, () => [size, ...shape.slice(1)])),
            operand.ndim,
          )
        : operand,
    ),
    paths: paths.flatMap(({ indices, coefficients }) => {
      const numChunks = chunksOf(operands[reference]?.segments[indices[reference] ?? 0] ?? [])
      return Array.from({ length: numChunks }, (_, chunk) => {
        const segments = indices.map((segment, k) => (firstChunks[k]?.[segment] ?? 0) + (isSplit[k] ? chunk : 0))
        return new Path(segments, coefficientAxis < 0 ? coefficients : sliceAxis(coefficients, coefficientAxis, chunk * size, size))
      })
    }),
  }
}

function sliceAxis({ shape, data }: HostArray, axis: number, start: number, length: number): HostArray {
  const [outer, inner, extent] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1)), shape[axis] ?? 0]
  const out = new Float64Array(outer * length * inner)
  for (let o = 0; o < outer; o++) out.set(data.subarray((o * extent + start) * inner, (o * extent + start + length) * inner), o * length * inner)
  return new HostArray([...shape.slice(0, axis), length, ...shape.slice(axis + 1)], out)
}
