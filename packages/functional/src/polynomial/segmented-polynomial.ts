import { DimensionError, EquivariantPolynomial, InputError, ShapeError, type SegmentedPolynomial } from '@equivar/core'
import {
  array,
  broadcastTo,
  cast,
  reshape,
  segmentedPolynomial as engineSegmentedPolynomial,
  type DType,
  type Gathered,
  type MethodChoice,
  type NDArray,
  type OutputTarget,
  type Shape,
} from '@equivar/engine'
import { requireArray } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'
import { batchShape, keysOf, Repeats, rowsOf, type Lead, type OperandIndex } from './indexing.ts'

/** What an output looks like: batch axes, then the size of its operand, or −1. */
export interface ShapeDtype {
  readonly shape: Shape
  readonly dtype: DType
}

export interface SegmentedPolynomialOptions {
  /** Default `'auto'`: whatever serves best on the device. Derivatives use the same. */
  readonly method?: MethodChoice
  /** Dtype in which it is computed. Default: float64 if an input or output is float64, else float32. */
  readonly mathDtype?: 'float32' | 'float64'
  /** Named in messages. */
  readonly name?: string
}

/**
 * `out_k[b] = Σ_operations Σ_paths einsum(coefficients, x_i[b] …)` over any number of batch axes b.
 *
 * - Inputs are (*batch, size of the operand). Batch axes broadcast, aligned at the right; missing ones are 1.
 * - `outputs[k].shape` is (*batch, size). An axis of extent 1 where the batch is larger is **summed** over.
 * - `indices[k]`, one for every input and then every output: an int32 array on an axis gathers an input and scatter-adds an
 *   output, whose other rows are 0. Index arrays broadcast to the shape of the batch. See {@link OperandIndex}.
 *
 * Derivatives of any order exist with respect to every input.
 *
 * @throws {InputError} if there is not one input, output and index for each operand, or an index is out of range.
 * @throws {DimensionError} if the last axis of an input or output is not its operand's size. @throws {ShapeError} if batch axes disagree.
 * @example
 * // messages of edges, summed at their receivers
 * const [out] = segmentedPolynomial(conv.polynomial, [w, x, y], [{ shape: [numNodes, -1], dtype: 'float32' }], [null, senders, null, receivers])
 */
export function segmentedPolynomial(
  polynomial: SegmentedPolynomial,
  inputs: readonly DeviceArray[],
  outputs: readonly ShapeDtype[],
  indices: readonly OperandIndex[] = [],
  options: SegmentedPolynomialOptions = {},
): DeviceArray[] {
  const what = options.name ?? 'segmentedPolynomial'
  if (polynomial instanceof EquivariantPolynomial) throw new InputError(`${what}: got an EquivariantPolynomial; pass its .polynomial, or call equivariantPolynomial`)
  const { numInputs, numOutputs } = polynomial
  if (inputs.length !== numInputs || outputs.length !== numOutputs)
    throw new InputError(`${what}: the polynomial has ${numInputs} inputs and ${numOutputs} outputs, got ${inputs.length} and ${outputs.length}`)
  if (indices.length !== 0 && indices.length !== numInputs + numOutputs)
    throw new InputError(`${what}: got ${indices.length} indices for ${numInputs + numOutputs} operands; pass one for every input and every output, null where there is none`)
  const arrays = inputs.map((x, i) => requireArray(`${what}: input ${i}`, x))
  for (const [i, x] of arrays.entries()) requireSize(`${what}: input ${i}`, x.shape, polynomial.inputs[i]?.size ?? 0)
  for (const [k, { shape }] of outputs.entries()) requireSize(`${what}: output ${k}`, shape.at(-1) === -1 ? [polynomial.outputs[k]?.size ?? 0] : shape, polynomial.outputs[k]?.size ?? 0)

  const operands = [...arrays, ...outputs].map(({ shape }) => shape.slice(0, -1))
  const length = repeatLength(operands, indices)
  const leads = operands.map((shape, k): Lead => {
    const name = k < numInputs ? `input ${k}` : `output ${k - numInputs}`
    return { name, shape, keys: keysOf(name, indices[k], shape.length, length) }
  })
  const batch = batchShape(leads)
  const batchSize = batch.reduce((a, b) => a * b, 1)
  const math = options.mathDtype ?? ([...arrays, ...outputs].some(({ dtype }) => dtype === 'float64') ? 'float64' : 'float32')

  if (numInputs === 0) return constants(polynomial, outputs, indices)
  const rows = arrays.map((x, i): NDArray | Gathered => {
    const lead = leads[i]
    const access = lead ? rowsOf(lead, batch) : 'shared'
    const flat = reshape(cast(x, math), [countOf(x.shape.slice(0, -1)), x.shape.at(-1) ?? 0])
    return typeof access === 'string' ? flat : { array: flat, indices: access }
  })
  const targets = outputs.map(({ shape }, k): OutputTarget => {
    const lead = leads[numInputs + k]
    const access = lead ? rowsOf(lead, batch) : 'batched'
    if (typeof access === 'string') return access === 'shared' && batchSize === 1 ? 'batched' : access
    return { indices: access, rows: countOf(shape.slice(0, -1)) }
  })
  const method = options.method === undefined ? {} : { method: options.method }
  const results = engineSegmentedPolynomial(polynomial, rows, { outputs: targets, batchSize, ...method })
  return results.map((result, k) => {
    const { shape = [], dtype = math } = outputs[k] ?? {}
    return new DeviceArray(cast(reshape(result, [...shape.slice(0, -1), polynomial.outputs[k]?.size ?? 0]), dtype))
  })
}

/** A polynomial of nothing is the same for every batch entry. */
function constants(polynomial: SegmentedPolynomial, outputs: readonly ShapeDtype[], indices: readonly OperandIndex[]): DeviceArray[] {
  if (indices.some((index) => index !== null && index !== undefined)) throw new InputError('segmentedPolynomial: a polynomial without inputs has nothing to scatter; leave the indices out')
  return polynomial.evaluate().map((value, k) => {
    const { shape = [], dtype = 'float32' } = outputs[k] ?? {}
    return new DeviceArray(broadcastTo(array(value.data, { dtype }), [...shape.slice(0, -1), value.size]))
  })
}

/** The batch size that operands without repeats tell, for repeats that do not know theirs. */
function repeatLength(operands: readonly Shape[], indices: readonly OperandIndex[]): number | undefined {
  for (const [k, shape] of operands.entries()) {
    const index = indices[k]
    if (index instanceof Repeats) {
      if (index.totalRepeatLength !== undefined) return index.totalRepeatLength
    } else if (index instanceof DeviceArray) return index.shape.at(-1)
    else if ((index === null || index === undefined) && shape.length > 0 && shape[0] !== 1) return shape[0]
  }
  return undefined
}

function requireSize(what: string, shape: Shape, size: number): void {
  if (shape.length === 0) throw new ShapeError(`${what} has no axes; its last one must hold the ${size} elements of its operand`)
  if (shape.at(-1) !== size) throw new DimensionError(`${what} has shape [${shape.join(', ')}], but its operand ${size} elements; the last axis must be ${size}`)
}

function countOf(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1)
}
