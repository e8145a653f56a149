import { allIndices } from '../../polynomials/evaluate-tensor-product.ts'
import { stridesOf } from '../../math/host-array.ts'
import type { SegmentedPolynomial, SegmentedTensorProduct } from '../../polynomials/index.ts'

/** Rows of an operand, and which of them belongs to every entry of the batch. */
export interface Rows {
  readonly data: ArrayLike<number>
  readonly rowOf: (entry: number) => number
}

/** Rows of an output, to be added to. */
export interface Sums {
  readonly data: Float64Array
  /** Sums of the same terms without their signs. */
  readonly magnitudes: Float64Array
  readonly rowOf: (entry: number) => number
}

/**
 * `data[rowOf(b)] += Σ c · inputs[i][rowOf(b)] · …` and `magnitudes[rowOf(b)] += Σ |c · inputs[i][rowOf(b)] · …|` by plain loops over
 * entries and monomials, in float64: the definition of what a lowered polynomial computes, and nothing of lowering.
 */
export function evaluateRows(polynomial: SegmentedPolynomial, inputs: readonly Rows[], outputs: readonly Sums[], batchSize: number): void {
  for (const [operation, product] of polynomial.operations) {
    const { coefficients, offsets } = monomialsOf(product)
    const last = product.numOperands - 1
    const output = outputs[operation.outputBuffer(polynomial.numInputs) - polynomial.numInputs]
    if (!output) continue
    const factors = operation.buffers.slice(0, last).flatMap((buffer) => inputs[buffer] ?? [])
    const targets = offsets[last] ?? new Int32Array(0)
    const sizes = product.operands.map(({ size }) => size)
    for (let entry = 0; entry < batchSize; entry++) {
      const bases = factors.map(({ rowOf }, k) => rowOf(entry) * (sizes[k] ?? 0))
      const target = output.rowOf(entry) * (sizes[last] ?? 0)
      for (let n = 0; n < coefficients.length; n++) {
        let value = coefficients[n] ?? 0
        for (let k = 0; k < last; k++) value *= factors[k]?.data[(bases[k] ?? 0) + (offsets[k]?.[n] ?? 0)] ?? Number.NaN
        const place = target + (targets[n] ?? 0)
        output.data[place] = (output.data[place] ?? 0) + value
        output.magnitudes[place] = (output.magnitudes[place] ?? 0) + Math.abs(value)
      }
    }
  }
}

/**
 * `max Σ|terms| / max |Σ terms|`: how many times larger than rounding errors of a sum's own size those of its terms may be. 1 without
 * cancellation, and of an output that is no sum of anything.
 */
export function conditionOf({ data, magnitudes }: Pick<Sums, 'data' | 'magnitudes'>): number {
  const largest = (values: Float64Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const terms = largest(magnitudes)
  return terms === 0 ? 1 : terms / largest(data)
}

/** Monomials of a product: coefficient, and the element of every operand. */
interface Monomials {
  readonly coefficients: Float64Array
  readonly offsets: readonly Int32Array[]
}

const known = new WeakMap<SegmentedTensorProduct, Monomials>()

function monomialsOf(product: SegmentedTensorProduct): Monomials {
  const found = known.get(product)
  if (found) return found
  const { subscripts, operands, paths } = product
  const coefficients: number[] = []
  const offsets: number[][] = operands.map(() => [])
  for (const [p, path] of paths.entries()) {
    const extents = product.getPathDimensions(p)
    const modes = subscripts.modes.map((mode) => ({ mode, extent: extents.get(mode) ?? 0 }))
    const strides = (own: string, shape: readonly number[]) => {
      const all = stridesOf(shape)
      return modes.map(({ mode }) => (own.includes(mode) ? (all[own.indexOf(mode)] ?? 0) : 0))
    }
    const ofCoefficients = strides(subscripts.coefficients, path.coefficients.shape)
    const ofOperands = operands.map((operand, k) => {
      const segment = path.indices[k] ?? 0
      return { start: operand.offsets[segment] ?? 0, strides: strides(subscripts.operands[k] ?? '', operand.segments[segment] ?? []) }
    })
    for (const index of allIndices(modes.map(({ extent }) => extent))) {
      const coefficient = path.coefficients.data[dot(ofCoefficients, index)] ?? 0
      if (coefficient === 0) continue
      coefficients.push(coefficient)
      for (const [k, own] of ofOperands.entries()) offsets[k]?.push(own.start + dot(own.strides, index))
    }
  }
  const made = { coefficients: Float64Array.from(coefficients), offsets: offsets.map((list) => Int32Array.from(list)) }
  known.set(product, made)
  return made
}

/** Number of multiplications for an entry of the batch, about. */
export function costOf(polynomial: SegmentedPolynomial): number {
  return polynomial.operations.reduce((sum, [, product]) => {
    const each = product.paths.map((path, p) => {
      const dimensions = product.getPathDimensions(p)
      const all = [...dimensions.values()].reduce((total, extent) => total * extent, 1)
      // Of coefficients most are zero.
      const nonZero = path.coefficients.data.reduce((count, value) => count + (value === 0 ? 0 : 1), 0)
      return path.coefficients.data.length === 0 ? 0 : (all * nonZero) / path.coefficients.data.length
    })
    return sum + product.numOperands * each.reduce((total, one) => total + one, 0)
  }, 0)
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += (a[k] ?? 0) * (b[k] ?? 0)
  return sum
}
