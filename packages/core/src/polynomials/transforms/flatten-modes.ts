import { PolynomialError } from '../../errors.ts'
import { HostArray, sizeOf, stridesOf } from '../../math/host-array.ts'
import { allIndices } from '../evaluate-tensor-product.ts'
import { SegmentedOperand } from '../operand.ts'
import type { TensorProductParts } from '../parts.ts'
import { Path } from '../path.ts'
import { Subscripts } from '../subscripts.ts'

export interface FlattenOptions {
  /** Leave out paths whose coefficient becomes zero. Default true. */
  readonly skipZeros?: boolean
  /** Also flatten modes that stand before the named ones. Default false. */
  readonly force?: boolean
}

/**
 * Unrolls modes: a segment of shape (m, n) with m flattened becomes m segments of shape (n), and a path becomes one path for
 * every index of the modes.
 *
 * @throws {PolynomialError} if another mode stands before one of them in an operand (unless `force`).
 */
export function flattenModes(parts: TensorProductParts, modes: Iterable<string>, { skipZeros = true, force = false }: FlattenOptions = {}): TensorProductParts {
  const { subscripts } = parts
  const flat = new Set([...modes].filter((mode) => subscripts.modes.includes(mode)))
  if (force) includePreceding(subscripts, flat)
  if (flat.size === 0) return parts
  const leading = subscripts.operands.map((own) => [...own].filter((mode) => flat.has(mode)).length)
  for (const [k, own] of subscripts.operands.entries())
    if ([...own].slice(0, leading[k]).some((mode) => !flat.has(mode)))
      throw new PolynomialError(`flattenModes: modes '${[...flat].join('')}' must be the first ones of operand ${k}, '${own}', of '${subscripts.toString()}'; reorder them, or pass force`)

  const starts = parts.operands.map((operand, k) => firstSubsegments(operand, leading[k] ?? 0))
  const order = [...flat]
  const paths = parts.paths.flatMap((path) => unrollPath(path, parts, order, leading, starts, skipZeros))
  return {
    subscripts: Subscripts.fromOperands(
      subscripts.operands.map((own, k) => own.slice(leading[k])),
      [...subscripts.coefficients].filter((mode) => !flat.has(mode)).join(''),
    ),
    operands: parts.operands.map((operand, k) => flattenOperand(operand, leading[k] ?? 0)),
    paths,
  }
}

/** {@link flattenModes} of all coefficient modes: every coefficient becomes a number. */
export function flattenCoefficientModes(parts: TensorProductParts, options: FlattenOptions = {}): TensorProductParts {
  return flattenModes(parts, parts.subscripts.coefficients, options)
}

function includePreceding(subscripts: Subscripts, flat: Set<string>): void {
  for (let before = -1; before !== flat.size; ) {
    before = flat.size
    for (const own of subscripts.operands) {
      const last = [...own].findLastIndex((mode) => flat.has(mode))
      for (const mode of own.slice(0, last + 1)) flat.add(mode)
    }
  }
}

function flattenOperand(operand: SegmentedOperand, leading: number): SegmentedOperand {
  if (leading === 0) return operand
  return new SegmentedOperand(
    operand.segments.flatMap((shape) => Array.from({ length: sizeOf(shape.slice(0, leading)) }, () => shape.slice(leading))),
    operand.ndim - leading,
  )
}

/** Number of the first new segment of every old one. */
function firstSubsegments(operand: SegmentedOperand, leading: number): number[] {
  let next = 0
  return operand.segments.map((shape) => {
    const first = next
    next += sizeOf(shape.slice(0, leading))
    return first
  })
}

function unrollPath(
  path: Path,
  { subscripts, operands }: TensorProductParts,
  order: readonly string[],
  leading: readonly number[],
  starts: readonly (readonly number[])[],
  skipZeros: boolean,
): Path[] {
  const shapes = operands.map((operand, k) => operand.segments[path.indices[k] ?? 0] ?? [])
  const extents = order.map((mode) => {
    const k = subscripts.operands.findIndex((own) => own.includes(mode))
    return shapes[k]?.[subscripts.operands[k]?.indexOf(mode) ?? 0] ?? 0
  })
  const strides = shapes.map((shape, k) => {
    const own = stridesOf(shape.slice(0, leading[k]))
    return order.map((mode) => own[(subscripts.operands[k] ?? '').slice(0, leading[k]).indexOf(mode)] ?? 0)
  })
  const coefficients = splitCoefficients(path.coefficients, subscripts.coefficients, order)
  const unrolled: Path[] = []
  for (const index of allIndices(extents)) {
    const own = coefficients(index)
    if (skipZeros && own.data.every((value) => value === 0)) continue
    const indices = path.indices.map((segment, k) => {
      let target = starts[k]?.[segment] ?? 0
      for (const [n, i] of index.entries()) target += i * (strides[k]?.[n] ?? 0)
      return target
    })
    unrolled.push(new Path(indices, own))
  }
  return unrolled
}

/** The coefficients at an index of the unrolled modes, the other modes kept. */
function splitCoefficients(coefficients: HostArray, modes: string, order: readonly string[]): (index: readonly number[]) => HostArray {
  const own = stridesOf(coefficients.shape)
  const kept = [...modes].flatMap((mode, axis) => (order.includes(mode) ? [] : [axis]))
  const shape = kept.map((axis) => coefficients.shape[axis] ?? 1)
  const strides = order.map((mode) => own[modes.indexOf(mode)] ?? 0)
  const offsets = Array.from(allIndices(shape), (index) => index.reduce((sum, i, n) => sum + i * (own[kept[n] ?? 0] ?? 0), 0))
  if (kept.length === modes.length) return () => coefficients
  return (index) => {
    const base = index.reduce((sum, i, n) => sum + i * (strides[n] ?? 0), 0)
    return new HostArray(
      shape,
      Float64Array.from(offsets, (offset) => coefficients.data[base + offset] ?? 0),
    )
  }
}
