import { HostArray, sizeOf } from '../../src/math/index.ts'
import type { SegmentedPolynomial, SegmentedTensorProduct } from '../../src/polynomials/index.ts'

/**
 * Values by the definition alone, one number at a time and without strides: shares no code with the library's own evaluation,
 * which it is there to check.
 */
export function productByDefinition(product: SegmentedTensorProduct, inputs: readonly HostArray[]): number[] {
  const { subscripts, operands, paths } = product
  const last = operands.length - 1
  const out = Array.from({ length: operands[last]?.size ?? 0 }, () => 0)
  for (const { indices, coefficients } of paths) {
    const extents = new Map<string, number>()
    for (const [k, own] of subscripts.operands.entries())
      for (const [axis, mode] of [...own].entries()) extents.set(mode, operands[k]?.segments[indices[k] ?? 0]?.[axis] ?? 0)
    const index = new Map<string, number>()
    const flat = (modes: string) => [...modes].reduce((position, mode) => position * (extents.get(mode) ?? 0) + (index.get(mode) ?? 0), 0)
    const start = (k: number) => (operands[k]?.segments ?? []).slice(0, indices[k]).reduce((sum, shape) => sum + sizeOf(shape), 0)
    const position = (k: number) => start(k) + flat(subscripts.operands[k] ?? '')
    const visit = ([mode, ...rest]: readonly string[]): void => {
      if (mode === undefined) {
        const coefficient = coefficients.data[flat(subscripts.coefficients)] ?? Number.NaN
        const value = inputs.reduce((factor, input, k) => factor * (input.data[position(k)] ?? Number.NaN), coefficient)
        out[position(last)] = (out[position(last)] ?? Number.NaN) + value
        return
      }
      for (let i = 0; i < (extents.get(mode) ?? 0); i++) {
        index.set(mode, i)
        visit(rest)
      }
    }
    visit([...extents.keys()])
  }
  return out
}

/** All outputs of a polynomial, by the definition. */
export function polynomialByDefinition(polynomial: SegmentedPolynomial, inputs: readonly HostArray[]): number[][] {
  const outputs = polynomial.outputs.map(({ size }) => Array.from({ length: size }, () => 0))
  for (const [{ buffers }, product] of polynomial.operations) {
    const factors = buffers.slice(0, -1).map((buffer) => inputs[buffer] ?? HostArray.zeros([0]))
    const target = outputs[(buffers[buffers.length - 1] ?? 0) - polynomial.numInputs] ?? []
    for (const [i, value] of productByDefinition(product, factors).entries()) target[i] = (target[i] ?? Number.NaN) + value
  }
  return outputs
}

/** The elements of an array, without negative zeros. */
export function valuesOf(array: HostArray): number[] {
  return Array.from(array.data, (value) => value + 0)
}
