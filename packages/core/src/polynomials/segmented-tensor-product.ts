import type { HostArray } from '../math/host-array.ts'
import { evaluateLastOperand } from './evaluate-tensor-product.ts'
import type { SegmentedOperand } from './operand.ts'
import type { TensorProductParts } from './parts.ts'
import type { Path } from './path.ts'
import { Subscripts } from './subscripts.ts'
import { validateTensorProduct } from './tensor-product-checks.ts'
import { permuteOperands } from './transforms/permute-operands.ts'

/**
 * `out[s_last] += einsum(c, op_0[s_0], op_1[s_1], …)` for every path: a sparse multilinear map between flat arrays that are
 * cut into segments. Which operand is the output is decided by the one who uses it; by convention the last.
 *
 * Immutable; every transformation returns a new product.
 *
 * @throws {PolynomialError} if operands, paths and subscripts do not fit.
 */
export class SegmentedTensorProduct implements TensorProductParts {
  readonly subscripts: Subscripts
  readonly operands: readonly SegmentedOperand[]
  readonly paths: readonly Path[]
  #key: string | undefined

  constructor(subscripts: Subscripts | string, operands: readonly SegmentedOperand[], paths: readonly Path[]) {
    this.subscripts = typeof subscripts === 'string' ? new Subscripts(subscripts) : subscripts
    this.operands = operands
    this.paths = paths
    validateTensorProduct(this)
  }

  static fromParts({ subscripts, operands, paths }: TensorProductParts): SegmentedTensorProduct {
    return new SegmentedTensorProduct(subscripts, operands, paths)
  }

  get numOperands(): number {
    return this.operands.length
  }

  get numPaths(): number {
    return this.paths.length
  }

  get coefficientSubscripts(): string {
    return this.subscripts.coefficients
  }

  /** Canonical text of everything that decides the values; equal products have equal keys. */
  get key(): string {
    this.#key ??= [
      this.subscripts.toString(),
      ...this.operands.map((operand) => operand.key),
      this.paths.map((path) => `${path.indices.join()}:${path.coefficients.shape.join('x')}:${path.coefficients.data.join()}`).join(';'),
    ].join('|')
    return this.#key
  }

  equals(other: SegmentedTensorProduct): boolean {
    return this === other || this.key === other.key
  }

  /** Value of the last operand; leading axes of the inputs broadcast. */
  evaluateLast(...inputs: readonly HostArray[]): HostArray {
    return evaluateLastOperand(this, inputs)
  }

  /** Operand k of the result is operand `order[k]`. @throws {PolynomialError} unless `order` is a permutation. */
  permuteOperands(order: readonly number[]): SegmentedTensorProduct {
    return SegmentedTensorProduct.fromParts(permuteOperands(this, order))
  }

  toString(): string {
    return `${this.subscripts.toString()} sizes=${this.operands.map((operand) => operand.size).join(',')} num_paths=${this.numPaths}`
  }
}
