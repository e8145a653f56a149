import { asLayout, DimensionError, InputError, Irreps, type IrrepsLike, type LayoutLike, type SegmentedPolynomial } from '@equivar/core'
import type { Shape } from '@equivar/engine'
import { requireArray } from '../array/arguments.ts'
import type { DeviceArray } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'
import type { OperandIndex } from '../polynomial/indexing.ts'
import { segmentedPolynomial, type ShapeDtype } from '../polynomial/segmented-polynomial.ts'
import { map } from '../tree/map.ts'
import { flatten, unflatten } from '../tree/structure.ts'

/** Arrays (…, mul, dim) by the names of their irreps, `'1o'`. */
export type IrDict = Readonly<Record<string, DeviceArray>>

/**
 * A flat array of irreps, each once, as a dictionary.
 *
 * @throws {InputError} if an irrep occurs twice. @throws {DimensionError} if the last axis does not fit.
 */
export function flatToDict(irreps: IrrepsLike, x: DeviceArray, layout?: LayoutLike): IrDict {
  const [type, order] = [distinct('flatToDict', irreps), asLayout(layout)]
  const { shape } = requireArray('flatToDict', x)
  if (shape.at(-1) !== type.dim) throw new DimensionError(`flatToDict: '${type.toString()}' has dimension ${type.dim}, the array is ${x.toString()}`)
  const parts = np.split(x, type.segments.map(({ dim }) => dim), -1)
  return Object.fromEntries(
    parts.map((part, i) => {
      const segment = part.reshape([...shape.slice(0, -1), ...order.shape(type.at(i))])
      return [type.at(i).ir.toString(), order.name === 'mul_ir' ? segment : np.swapaxes(segment, -2, -1)]
    }),
  )
}

/** Inverse of {@link flatToDict}. @throws {DimensionError} if an array does not fit its irrep, or is missing. */
export function dictToFlat(irreps: IrrepsLike, dict: IrDict, layout?: LayoutLike): DeviceArray {
  const [type, order] = [distinct('dictToFlat', irreps), asLayout(layout)]
  assertMulIrDict(type, dict)
  const parts = type.segments.map(({ dim, ir }) => {
    const x = requireArrayOf(dict, ir.toString())
    return (order.name === 'mul_ir' ? x : np.swapaxes(x, -2, -1)).reshape([...x.shape.slice(0, -2), dim])
  })
  if (parts.length === 0) throw new InputError('dictToFlat: there are no irreps')
  return np.concatenate(parts, -1)
}

/** @throws {DimensionError} unless there is an array (…, mul, dim) for every irrep, and no other. */
export function assertMulIrDict(irreps: IrrepsLike, dict: IrDict): void {
  const type = distinct('assertMulIrDict', irreps)
  const names = type.segments.map(({ ir }) => ir.toString())
  const other = Object.keys(dict).find((name) => !names.includes(name))
  if (other !== undefined) throw new DimensionError(`assertMulIrDict: there is an array for '${other}', which is not in '${type.toString()}'`)
  for (const { mul, ir } of type) {
    const x = dict[ir.toString()]
    if (x?.shape.at(-2) !== mul || x.shape.at(-1) !== ir.dim)
      throw new DimensionError(`assertMulIrDict: the array of '${ir.toString()}' is ${x?.toString() ?? 'missing'}, but must end in [${mul}, ${ir.dim}]`)
  }
}

/** Sums by irrep; an irrep that one side lacks is as the other has it. */
export function irrepsAdd(a: IrDict, b: IrDict): IrDict {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return Object.fromEntries(
    names.map((name) => {
      const [x, y] = [a[name], b[name]]
      return [name, x && y ? x.add(y) : (x ?? requireArrayOf(b, name))]
    }),
  )
}

/** Zeros in shapes and dtypes of a dictionary. */
export function irrepsZerosLike(dict: IrDict): IrDict {
  return map((x) => np.zerosLike(x), dict)
}

/**
 * {@link segmentedPolynomial} on trees: every operand is an array (…, segments, …shape of a segment) of a tree, or (…, size) where its
 * segments differ in shape; inputs are in the order of the trees' arrays. `outputs` is a tree of arrays whose shapes, dtypes and structure
 * the result has; their elements play no part.
 *
 * @throws {DimensionError} if an array does not have an operand's segments. @throws {InputError} if numbers of arrays and operands differ.
 */
export function segmentedPolynomialUniform1d<Outputs>(
  polynomial: SegmentedPolynomial,
  inputs: unknown,
  outputs: Outputs,
  inputIndices: readonly OperandIndex[] = [],
  outputIndices: readonly OperandIndex[] = [],
): Outputs {
  const [given] = flatten(inputs)
  const [wanted, structure] = flatten(outputs)
  if (given.length !== polynomial.numInputs || wanted.length !== polynomial.numOutputs)
    throw new InputError(`segmentedPolynomialUniform1d: ${given.length} inputs and ${wanted.length} outputs for a polynomial of ${polynomial.numInputs} and ${polynomial.numOutputs}`)
  const flat = given.map((x, i) => x.reshape(flatShape(`input ${i}`, x, polynomial.inputs[i])))
  const specs = wanted.map((x, k): ShapeDtype => ({ shape: flatShape(`output ${k}`, x, polynomial.outputs[k]), dtype: x.dtype }))
  const indices = [...given.map((_, i) => inputIndices[i] ?? null), ...wanted.map((_, k) => outputIndices[k] ?? null)]
  const results = segmentedPolynomial(polynomial, flat, specs, indices)
  return unflatten(structure, results.map((result, k) => result.reshape(wanted[k]?.shape ?? []))) as Outputs
}

function flatShape(what: string, { shape }: DeviceArray, operand: SegmentedPolynomial['inputs'][number] | undefined): Shape {
  if (!operand) throw new InputError(`segmentedPolynomialUniform1d: there is no ${what}`)
  const own = operand.allSameSegmentShape ? [operand.numSegments, ...operand.segmentShape] : [operand.size]
  const lead = shape.slice(0, shape.length - own.length)
  if (shape.length < own.length || own.some((extent, axis) => extent !== shape[lead.length + axis]))
    throw new DimensionError(`segmentedPolynomialUniform1d: ${what} has shape [${shape.join(', ')}], but must end in [${own.join(', ')}], segments and their shape`)
  return [...lead, operand.size]
}

function distinct(what: string, irreps: IrrepsLike): Irreps {
  const type = new Irreps(irreps)
  const names = type.segments.map(({ ir }) => ir.toString())
  if (new Set(names).size !== names.length) throw new InputError(`${what}: '${type.toString()}' names an irrep twice; regroup it`)
  return type
}

function requireArrayOf(dict: IrDict, name: string): DeviceArray {
  const x = dict[name]
  if (!x) throw new DimensionError(`irDict: there is no array for '${name}'`)
  return x
}
