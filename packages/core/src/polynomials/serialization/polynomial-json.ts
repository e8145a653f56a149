import { FormatError } from '../../errors.ts'
import { Operation } from '../operation.ts'
import type { SegmentedOperand } from '../operand.ts'
import type { PolynomialParts, Term } from '../polynomial-parts.ts'
import { SegmentedTensorProduct } from '../segmented-tensor-product.ts'
import { Subscripts } from '../subscripts.ts'
import { requireField, requireIndex, requireList, requireObject, requireText } from './json-value.ts'
import { operandFromJson, type OperandJson, operandToJson, pathsFromJson, type PathsJson, pathsToJson } from './tensor-product-json.ts'

const format = 'equivar.segmentedPolynomial'
const version = 1

/** A tensor product whose operands are the buffers that its operation names. */
export interface OperationJson {
  readonly buffers: readonly number[]
  readonly subscripts: string
  readonly paths: PathsJson
}

/** A segmented polynomial; buffers are numbered inputs first, then outputs. */
export interface PolynomialJson {
  readonly format: typeof format
  readonly version: typeof version
  readonly inputs: readonly (OperandJson & { readonly ndim: number })[]
  readonly outputs: readonly (OperandJson & { readonly ndim: number })[]
  readonly operations: readonly OperationJson[]
}

export function polynomialToJson({ inputs, outputs, operations }: PolynomialParts): PolynomialJson {
  const bufferToJson = (operand: SegmentedOperand) => ({ ndim: operand.ndim, ...operandToJson(operand) })
  return {
    format,
    version,
    inputs: inputs.map(bufferToJson),
    outputs: outputs.map(bufferToJson),
    operations: operations.map(([{ buffers }, { subscripts, paths }]) => ({ buffers, subscripts: subscripts.toString(), paths: pathsToJson(paths) })),
  }
}

/**
 * @throws {FormatError} if something is missing, of the wrong kind, out of range, not finite, or absurdly large.
 * @throws {SubscriptsError} if subscripts are malformed.
 * @throws {PolynomialError} if extents of modes disagree.
 */
export function polynomialFromJson(value: unknown): PolynomialParts {
  const where = 'SegmentedPolynomial'
  const json = requireObject(where, value)
  const [ownFormat, ownVersion] = [requireField(where, json, 'format'), requireField(where, json, 'version')]
  if (ownFormat !== format || ownVersion !== version)
    throw new FormatError(`${where}: format ${JSON.stringify(ownFormat)}, version ${JSON.stringify(ownVersion)} cannot be read; expected '${format}', version ${version}`)
  const buffersOf = (side: string) => requireList(`${where}: ${side}`, requireField(where, json, side)).map((buffer, i) => bufferFromJson(`${where}: ${side}[${i}]`, buffer))
  const [inputs, outputs] = [buffersOf('inputs'), buffersOf('outputs')]
  const operations = requireList(`${where}: operations`, requireField(where, json, 'operations'))
  return { inputs, outputs, operations: operations.map((operation, n) => operationFromJson(`${where}: operations[${n}]`, operation, [...inputs, ...outputs])) }
}

function bufferFromJson(where: string, value: unknown): SegmentedOperand {
  const ndim = requireIndex(`${where}.ndim`, requireField(where, requireObject(where, value), 'ndim'), maxAxes, 'possible numbers of axes')
  return operandFromJson(where, value, ndim)
}

/** One letter an axis. */
const maxAxes = 27

function operationFromJson(where: string, value: unknown, all: readonly SegmentedOperand[]): Term {
  const json = requireObject(where, value)
  const buffers = requireList(`${where}.buffers`, requireField(where, json, 'buffers')).map((buffer, k) => requireIndex(`${where}.buffers[${k}]`, buffer, all.length, 'buffers'))
  const subscripts = new Subscripts(requireText(`${where}.subscripts`, requireField(where, json, 'subscripts')))
  if (subscripts.numOperands !== buffers.length)
    throw new FormatError(`${where}: the subscripts '${subscripts.toString()}' have ${subscripts.numOperands} operands, but 'buffers' lists ${buffers.length}`)
  const operands = buffers.flatMap((buffer) => all[buffer] ?? [])
  for (const [k, operand] of operands.entries())
    if (operand.numSegments > 0 && operand.ndim !== subscripts.operands[k]?.length)
      throw new FormatError(`${where}: operand ${k} has modes '${subscripts.operands[k] ?? ''}', but buffer ${buffers[k] ?? 0} has ${operand.ndim} axes`)
  return [new Operation(buffers), new SegmentedTensorProduct(subscripts, operands, pathsFromJson(where, requireField(where, json, 'paths'), subscripts, operands))]
}
