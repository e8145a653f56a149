import { EquivariantPolynomial, InputError, IrrepsAndLayout, type Rep } from '@equivar/core'
import type { DType } from '@equivar/engine'
import { nameOf } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'
import { IrrepsArray } from '../reps/irreps-array.ts'
import { RepArray } from '../reps/rep-array.ts'
import { batchShape, keysOf, type OperandIndex } from './indexing.ts'
import { segmentedPolynomial, type SegmentedPolynomialOptions, type ShapeDtype } from './segmented-polynomial.ts'

/** An operand: with its representation, or raw where that is scalar. */
export type EquivariantInput = RepArray | DeviceArray

/** One more option of {@link equivariantPolynomial}. */
export interface EquivariantPolynomialOptions extends SegmentedPolynomialOptions {
  /** How exactly products are computed; every choice is exact to rounding here. */
  readonly precision?: 'default' | 'high' | 'highest'
}

/**
 * {@link segmentedPolynomial} on arrays with representations, which are checked; those of the results are on their last axis.
 *
 * Without `outputs`, results have the batch axes of the inputs and the dtype that they have in common; needed where an output is
 * indexed. Operands of scalar representations may be raw arrays.
 *
 * @throws {InputError} if an input carries another representation than its operand, or none where one is needed.
 * @throws as {@link segmentedPolynomial}.
 */
export function equivariantPolynomial(
  e: EquivariantPolynomial,
  inputs: readonly EquivariantInput[],
  outputs?: readonly (ShapeDtype | undefined)[],
  indices: readonly OperandIndex[] = [],
  options: EquivariantPolynomialOptions = {},
): RepArray[] {
  const what = options.name ?? 'equivariantPolynomial'
  if (!(e instanceof EquivariantPolynomial)) throw new InputError(`${what}: needs an EquivariantPolynomial, got ${nameOf(e)}; pass what a descriptor gives`)
  const { numInputs, numOutputs } = e
  if (inputs.length !== numInputs) throw new InputError(`${what}: ${e.toString()} has ${numInputs} inputs, got ${inputs.length}`)
  if (outputs && outputs.length !== numOutputs) throw new InputError(`${what}: ${e.toString()} has ${numOutputs} outputs, got ${outputs.length} shapes`)
  requirePrecision(what, options.precision)
  const arrays = inputs.map((x, i) => operandOf(`${what}: input ${i}`, x, e.inputs[i]))
  const specs = e.outputs.map((rep, k): ShapeDtype => outputs?.[k] ?? inferred(what, arrays, indices, numInputs, k, rep.dim))
  const results = segmentedPolynomial(e.polynomial, arrays, specs, indices, options)
  return results.map((result, k) => withRep(e.outputs[k], result))
}

/** The same with operands as arguments; see {@link equivariantTensorProduct}. */
type Applied = (...inputs: readonly EquivariantInput[]) => IrrepsArray

/**
 * {@link equivariantPolynomial} of one output that carries irreps, with its operands as arguments: `y = e(x₁, …, xₙ)`. The last argument
 * may be options. Without operands the function that takes them is returned.
 *
 * @throws {InputError} if the polynomial has more outputs, or one without irreps. @throws as {@link equivariantPolynomial}.
 * @example
 * const y = equivariantTensorProduct(descriptors.linear(x.irreps, irreps), w, x, { precision: 'high' })
 */
export function equivariantTensorProduct(e: EquivariantPolynomial): Applied
export function equivariantTensorProduct(e: EquivariantPolynomial, ...inputs: readonly [EquivariantInput, ...EquivariantInput[]]): IrrepsArray
export function equivariantTensorProduct(
  e: EquivariantPolynomial,
  ...inputs: readonly [EquivariantInput, ...EquivariantInput[], EquivariantPolynomialOptions]
): IrrepsArray
export function equivariantTensorProduct(
  e: EquivariantPolynomial,
  ...args: readonly (EquivariantInput | EquivariantPolynomialOptions)[]
): IrrepsArray | Applied {
  if (args.length === 0) return (...inputs) => applied(e, inputs, {})
  const last = args.at(-1)
  const isOptions = last !== undefined && !isInput(last)
  return applied(e, (isOptions ? args.slice(0, -1) : args).filter(isInput), isOptions ? last : {})
}

function applied(e: EquivariantPolynomial, inputs: readonly EquivariantInput[], options: EquivariantPolynomialOptions): IrrepsArray {
  const what = options.name ?? 'equivariantTensorProduct'
  const [result, ...others] = equivariantPolynomial(e, inputs, undefined, [], { ...options, name: what })
  if (!(result instanceof IrrepsArray) || others.length > 0) throw new InputError(`${what}: ${e.toString()} does not have one output that carries irreps; use equivariantPolynomial`)
  return result
}

function isInput(x: EquivariantInput | EquivariantPolynomialOptions): x is EquivariantInput {
  return x instanceof RepArray || x instanceof DeviceArray
}

function operandOf(what: string, x: EquivariantInput, rep: Rep | undefined): DeviceArray {
  if (!rep) throw new InputError(`${what}: the polynomial has no such input`)
  if (x instanceof RepArray) {
    const own = x.reps.get(x.ndim - 1)
    const where = own instanceof IrrepsAndLayout ? `'${own.toString()}' in layout ${own.layout.toString()}` : `'${own?.toString() ?? 'nothing'}'`
    const wanted = rep instanceof IrrepsAndLayout ? `'${rep.toString()}' in layout ${rep.layout.toString()}` : `'${rep.toString()}'`
    if (x.reps.size !== 1 || !own?.equals(rep)) throw new InputError(`${what} carries ${where} on its last axis, its operand ${wanted}; they must be the same${own?.dim === rep.dim ? ' (changeLayout may help)' : ''}`)
    return x.array
  }
  if (!(x instanceof DeviceArray)) throw new InputError(`${what}: needs an array, got ${nameOf(x)}`)
  if (!rep.isScalar()) throw new InputError(`${what} is a raw array ${x.toString()}, but its operand carries '${rep.toString()}'; make it a RepArray, only scalars may be raw`)
  return x
}

function inferred(what: string, arrays: readonly DeviceArray[], indices: readonly OperandIndex[], numInputs: number, output: number, size: number): ShapeDtype {
  const index = indices[numInputs + output]
  if (index !== null && index !== undefined) throw new InputError(`${what}: output ${output} is indexed, so its number of rows is not known; pass its shape`)
  const leads = arrays.map(({ shape }, i) => {
    const name = `input ${i}`
    const own = shape.slice(0, -1)
    return { name, shape: own, keys: keysOf(name, indices[i], own.length, undefined) }
  })
  const dtype: DType = arrays.some((x) => x.dtype === 'float64') ? 'float64' : (arrays[0]?.dtype ?? 'float32')
  return { shape: [...batchShape(leads), size], dtype }
}

/** An array with irreps where the representation is of irreps. */
function withRep(rep: Rep | undefined, array: DeviceArray): RepArray {
  if (rep instanceof IrrepsAndLayout) return new IrrepsArray(rep.irreps, array, rep.layout)
  return new RepArray(rep ?? new Map<number, Rep>(), array)
}

function requirePrecision(what: string, precision: string | undefined): void {
  if (precision !== undefined && !['default', 'high', 'highest'].includes(precision))
    throw new InputError(`${what}: precision '${precision}' is unknown; use 'default', 'high' or 'highest'`)
}
