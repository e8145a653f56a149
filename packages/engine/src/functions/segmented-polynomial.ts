import { InputError, ShapeError, type SegmentedPolynomial } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import { NDArray } from '../array/ndarray.ts'
import { formatShape } from '../array/shape.ts'
import { explainPolynomial } from '../compiled/explain.ts'
import { currentMethod, requireMethod, withIndexChecks, type MethodChoice } from '../compiled/modes.ts'
import { apply } from '../graph/apply.ts'
import { Value } from '../graph/value.ts'
import type { InputAccess, OutputAccess, SegmentedPolynomialParams } from '../primitives/names.ts'
import { foldingOf, type Folding } from './folding.ts'

/** Rows of an array, picked for every batch entry: row b is `array[indices[b]]`. */
export interface Gathered {
  readonly array: NDArray
  readonly indices: NDArray
}

/**
 * Where an output goes: `batched` one row for every batch entry, `shared` one row, the sum over the batch, or
 * `{ indices, rows }` entry b is added to row `indices[b]` of `rows`.
 */
export type OutputTarget = 'batched' | 'shared' | { readonly indices: NDArray; readonly rows: number }

export interface SegmentedPolynomialOptions {
  /** Default: `'batched'` for every output. */
  readonly outputs?: readonly OutputTarget[]
  /** Number of batch entries; needed only where neither rows nor indices tell. */
  readonly batchSize?: number
  /** How it is executed, derivatives included. Default: that of {@link withMethod}, else `'auto'`. */
  readonly method?: MethodChoice
  /** Whether indices are looked at before anything runs. Default: that of {@link withIndexChecks}, else true. */
  readonly checkIndices?: boolean
}

/**
 * `out_k[row_k(b)] += Σ_operations Σ_paths einsum(coefficients, x_i[row_i(b)] …)` for every batch entry b.
 *
 * Every input is an array of rows × operand size. One row is shared by all batch entries, otherwise there is a row for
 * every entry, or `{ array, indices }` gathers rows. Results are rows × operand size. Derivatives of any order exist with
 * respect to every input.
 *
 * @throws {DimensionError} if a row does not have the operand's size. @throws {ShapeError} if numbers of rows disagree.
 * @throws {InputError} if an index is out of range. @throws {DtypeError} if inputs differ in dtype or indices are not int32.
 * @throws {DeviceError} if inputs are on different devices, or a compiled method is asked for where no kernels are installed.
 */
export function segmentedPolynomial(
  polynomial: SegmentedPolynomial,
  inputs: readonly (NDArray | Gathered)[],
  options: SegmentedPolynomialOptions = {},
): NDArray[] {
  const { arrays, params } = polynomialCall(polynomial, inputs, options)
  const folding = foldingOf(arrays.map((array) => array.value), params)
  const run = () => [...apply('segmentedPolynomial', folding ? withTable(arrays, folding) : arrays, folding ? folding.params : params)]
  return options.checkIndices === undefined ? run() : withIndexChecks(options.checkIndices, run)
}

/**
 * What {@link segmentedPolynomial} would do with the same arguments: the method and why, kernels, flops, bytes. Nothing is computed;
 * the inputs may be abstract.
 *
 * @throws as {@link segmentedPolynomial}, but for what depends on elements.
 * @example
 * console.log(explainSegmentedPolynomial(descriptor.polynomial, [w, x, y]).toString())
 */
export function explainSegmentedPolynomial(
  polynomial: SegmentedPolynomial,
  inputs: readonly (NDArray | Gathered)[],
  options: SegmentedPolynomialOptions = {},
): lowering.Explanation {
  const { arrays, params } = polynomialCall(polynomial, inputs, options)
  const values = arrays.map((array) => array.value)
  const folding = foldingOf(values, params)
  if (!folding) return explainPolynomial(values, params)
  const { operand, table } = folding
  const withShape = values.map((value, i) => {
    const { dtype, shape, device } = value
    return i === operand ? new Value({ dtype, shape: [shape[0] ?? 0, table.outputs[0]?.size ?? 0], device }, undefined, undefined, false) : value
  })
  return explainPolynomial(withShape, folding.params)
}

/** The inputs with one of them made into a table, row by row. */
function withTable(arrays: readonly NDArray[], { operand, table }: Folding): readonly NDArray[] {
  return arrays.map((array, i) => {
    if (i !== operand) return array
    const params = { polynomial: table, inputs: [{ kind: 'batched' }], outputs: [{ kind: 'batched' }], batchSize: array.shape[0] ?? 0 } as const
    return apply('segmentedPolynomial', [array], params)[0] ?? array
  })
}

/** Arguments as the primitive takes them: operands, then every index array once. */
function polynomialCall(
  polynomial: SegmentedPolynomial,
  inputs: readonly (NDArray | Gathered)[],
  options: SegmentedPolynomialOptions,
): { readonly arrays: readonly NDArray[]; readonly params: SegmentedPolynomialParams } {
  const targets = options.outputs ?? polynomial.outputs.map((): OutputTarget => 'batched')
  if (inputs.length !== polynomial.inputs.length || targets.length !== polynomial.outputs.length)
    throw new InputError(
      `segmentedPolynomial: the polynomial has ${polynomial.inputs.length} inputs and ${polynomial.outputs.length} outputs, got ${inputs.length} inputs and ${targets.length} output targets`,
    )
  const indices: NDArray[] = []
  const register = (array: NDArray): number => {
    const known = indices.findIndex((other) => other.value === array.value)
    return known >= 0 ? known : indices.push(array) - 1
  }
  const operands = inputs.map((input) => (input instanceof NDArray ? input : input.array))
  const batchSize = options.batchSize ?? inferBatchSize(inputs, targets)
  const inputAccess = inputs.map((input): InputAccess => {
    if (!(input instanceof NDArray)) return { kind: 'indexed', index: register(input.indices) }
    return { kind: input.shape[0] === 1 ? 'shared' : 'batched' }
  })
  const outputAccess = targets.map((target): OutputAccess => (typeof target === 'string' ? { kind: target } : { kind: 'indexed', index: register(target.indices), rows: target.rows }))
  const method = options.method ?? currentMethod()
  requireMethod('segmentedPolynomial', method)
  const params = { polynomial, inputs: inputAccess, outputs: outputAccess, batchSize, ...(method === 'auto' ? {} : { method }) }
  return { arrays: [...operands, ...indices], params }
}

function inferBatchSize(inputs: readonly (NDArray | Gathered)[], targets: readonly OutputTarget[]): number {
  const found = new Map<number, string>()
  for (const [i, input] of inputs.entries()) {
    if (!(input instanceof NDArray)) found.set(input.indices.size, `the indices of input ${i}, ${formatShape(input.indices.shape)}`)
    else if (input.shape[0] !== 1) found.set(input.shape[0] ?? 0, `input ${i}, ${formatShape(input.shape)}`)
  }
  for (const [k, target] of targets.entries())
    if (typeof target !== 'string') found.set(target.indices.size, `the indices of output ${k}, ${formatShape(target.indices.shape)}`)
  if (found.size > 1) throw new ShapeError(`segmentedPolynomial: numbers of batch entries disagree: ${[...found.values()].join(' against ')}`)
  return found.keys().next().value ?? 1
}
