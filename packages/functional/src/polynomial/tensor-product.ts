import { InputError, Operation, SegmentedPolynomial, SegmentedTensorProduct, type SegmentedOperand } from '@equivar/core'
import { broadcastShapes } from '@equivar/engine'
import { nameOf, requireArray } from '../array/arguments.ts'
import type { DeviceArray } from '../array/device-array.ts'
import { segmentedPolynomial } from './segmented-polynomial.ts'

/**
 * `y[b] = Σ_paths einsum(coefficients, x₁[b], …, xₙ[b])`: one tensor product, whose last operand is the result. Batch axes broadcast.
 *
 * @throws {InputError} unless there is an array for every operand but the last. @throws as {@link segmentedPolynomial}.
 */
export function tensorProduct(product: SegmentedTensorProduct, ...inputs: readonly DeviceArray[]): DeviceArray {
  if (!(product instanceof SegmentedTensorProduct)) throw new InputError(`tensorProduct: needs a SegmentedTensorProduct, got ${nameOf(product)}`)
  return evaluated('tensorProduct', SegmentedPolynomial.evalLastOperand(product), inputs)
}

/**
 * `y[b] = Σ_d productᵈ(x₁[b], …, xₙ[b], xₙ[b], …)`: a sum of tensor products that take the last input as often as they have operands
 * for it, which is not at all for some. So symmetric contractions are written: weights, then one input of any degree.
 *
 * @throws {InputError} if there is no product or no input, or their operands do not fit. @throws as {@link segmentedPolynomial}.
 */
export function symmetricTensorProduct(products: readonly SegmentedTensorProduct[], ...inputs: readonly DeviceArray[]): DeviceArray {
  const what = 'symmetricTensorProduct'
  const count = inputs.length
  const [first] = products
  if (!first || count === 0) throw new InputError(`${what}: needs at least one product and one input, got ${products.length} and ${count}`)
  const operands: (SegmentedOperand | undefined)[] = inputs.map(() => undefined)
  for (const { operands: own } of products) for (const [k, operand] of own.slice(0, -1).entries()) operands[Math.min(k, count - 1)] ??= operand
  const used = operands.map((operand, i) => {
    if (!operand) throw new InputError(`${what}: no product has an operand for input ${i}; leave it out`)
    return operand
  })
  const outputs = first.operands.slice(-1)
  const terms = products.map((product) => {
    const buffers = product.operands.map((_, k) => (k === product.numOperands - 1 ? count : Math.min(k, count - 1)))
    return [new Operation(buffers), product] as const
  })
  return evaluated(what, new SegmentedPolynomial(used, outputs, terms), inputs)
}

function evaluated(what: string, polynomial: SegmentedPolynomial, inputs: readonly DeviceArray[]): DeviceArray {
  const leads = inputs.map((x, i) => requireArray(`${what}: input ${i}`, x).shape.slice(0, -1))
  const dtype = inputs.some((x) => x.dtype === 'float64') ? 'float64' : 'float32'
  const [result] = segmentedPolynomial(polynomial, inputs, [{ shape: [...broadcastShapes(what, ...leads), -1], dtype }], [], { name: what })
  if (!result) throw new InputError(`${what}: the product has no result`)
  return result
}
