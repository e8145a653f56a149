import { FormatError } from '../../errors.ts'
import { sizeOf } from '../../math/host-array.ts'
import type { NestedNumbers } from '../../math/nested-numbers.ts'
import { SegmentedOperand } from '../operand.ts'
import type { TensorProductParts } from '../parts.ts'
import { Path } from '../path.ts'
import { Subscripts } from '../subscripts.ts'
import { flop, memory } from '../transforms/cost.ts'
import { requireExtents, requireField, requireIndex, requireList, requireObject, requireTensor, requireText } from './json-value.ts'

/** No array of any backend is longer; a file that asks for more is broken or hostile. */
const maxElements = 2 ** 32

/** The segments of an operand. */
export interface OperandJson {
  readonly segments: readonly (readonly number[])[]
}

/** All paths: segments of every operand, and coefficients as nested lists. */
export interface PathsJson {
  readonly indices: readonly (readonly number[])[]
  readonly coefficients: readonly NestedNumbers[]
}

/** A segmented tensor product, with the names that cuEquivariance's files have. */
export interface TensorProductJson {
  readonly subscripts: string
  readonly operands: readonly OperandJson[]
  readonly paths: PathsJson
}

/** With what readers in other languages would otherwise have to compute. */
export interface ExtendedTensorProductJson extends TensorProductJson {
  readonly coefficient_subscripts: string
  readonly operands: readonly (OperandJson & {
    readonly subscripts: string
    readonly size: number
    readonly offsets: readonly number[]
    readonly sizes: readonly number[]
    /** Floating-point operations to compute this operand from the others. */
    readonly flops: number
  })[]
  /** Elements of all operands. */
  readonly memory: number
}

export function tensorProductToJson({ subscripts, operands, paths }: TensorProductParts): TensorProductJson {
  return { subscripts: subscripts.toString(), operands: operands.map(operandToJson), paths: pathsToJson(paths) }
}

export function tensorProductToExtendedJson(parts: TensorProductParts): ExtendedTensorProductJson {
  const { subscripts, operands } = parts
  return {
    ...tensorProductToJson(parts),
    coefficient_subscripts: subscripts.coefficients,
    operands: operands.map((operand, k) => ({
      ...operandToJson(operand),
      subscripts: subscripts.operands[k] ?? '',
      size: operand.size,
      offsets: operand.offsets.slice(0, -1),
      sizes: operand.segments.map((shape) => sizeOf(shape)),
      flops: flop(parts, k),
    })),
    memory: memory(
      operands,
      operands.map(() => 1),
    ),
  }
}

/**
 * Reads either form; of the extended one, only what the plain one has.
 *
 * @throws {FormatError} if something is missing, of the wrong kind, out of range, not finite, or absurdly large.
 * @throws {SubscriptsError} if the subscripts are malformed.
 */
export function tensorProductFromJson(value: unknown): TensorProductParts {
  const where = 'SegmentedTensorProduct'
  const json = requireObject(where, value)
  const subscripts = new Subscripts(requireText(`${where}: subscripts`, requireField(where, json, 'subscripts')))
  const list = requireList(`${where}: operands`, requireField(where, json, 'operands'))
  if (list.length !== subscripts.numOperands)
    throw new FormatError(`${where}: the subscripts '${subscripts.toString()}' have ${subscripts.numOperands} operands, but 'operands' lists ${list.length}`)
  const operands = list.map((operand, k) => operandFromJson(`${where}: operands[${k}]`, operand, subscripts.operands[k]?.length ?? 0))
  return { subscripts, operands, paths: pathsFromJson(where, requireField(where, json, 'paths'), subscripts, operands) }
}

export function operandToJson({ segments }: SegmentedOperand): OperandJson {
  return { segments }
}

export function operandFromJson(where: string, value: unknown, ndim: number | undefined): SegmentedOperand {
  const segments = requireList(`${where}.segments`, requireField(where, requireObject(where, value), 'segments'))
  const numAxes = ndim ?? (Array.isArray(segments[0]) ? segments[0].length : 0)
  let size = 0
  const shapes = segments.map((segment, s) => {
    const shape = requireExtents(`${where}.segments[${s}]`, segment)
    if (shape.length !== numAxes) throw new FormatError(`${where}.segments[${s}] has ${shape.length} extents, but the operand has ${numAxes} axes`)
    size += sizeOf(shape)
    if (!(size <= maxElements)) throw new FormatError(`${where} has more than ${maxElements} elements up to segment ${s}, [${shape.join(', ')}]; no array is that long`)
    return shape
  })
  return new SegmentedOperand(shapes, numAxes)
}

export function pathsToJson(paths: readonly Path[]): PathsJson {
  return { indices: paths.map(({ indices }) => indices), coefficients: paths.map(({ coefficients }) => coefficients.toNested()) }
}

export function pathsFromJson(where: string, value: unknown, subscripts: Subscripts, operands: readonly SegmentedOperand[]): readonly Path[] {
  const json = requireObject(`${where}: paths`, value)
  const indices = requireList(`${where}: paths.indices`, requireField(`${where}: paths`, json, 'indices'))
  const coefficients = requireList(`${where}: paths.coefficients`, requireField(`${where}: paths`, json, 'coefficients'))
  if (indices.length !== coefficients.length) throw new FormatError(`${where}: there are ${indices.length} paths.indices, but ${coefficients.length} paths.coefficients; each path has both`)
  return indices.map((entry, n) => {
    const segments = requireList(`${where}: paths.indices[${n}]`, entry)
    if (segments.length !== operands.length)
      throw new FormatError(`${where}: paths.indices[${n}] names ${segments.length} segments, but there are ${operands.length} operands`)
    const own = segments.map((segment, k) => requireIndex(`${where}: paths.indices[${n}][${k}]`, segment, operands[k]?.numSegments ?? 0, `segments of operand ${k}`))
    const shape = [...subscripts.coefficients].map((mode) => {
      const k = subscripts.operands.findIndex((modes) => modes.includes(mode))
      return operands[k]?.segments[own[k] ?? 0]?.[subscripts.operands[k]?.indexOf(mode) ?? 0] ?? 0
    })
    return new Path(own, requireTensor(`${where}: paths.coefficients[${n}]`, coefficients[n], shape))
  })
}
