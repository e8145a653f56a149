import { DimensionError } from '../errors.ts'
import type { Rep } from '../groups/index.ts'
import type { HostArray } from '../math/host-array.ts'
import { SegmentedPolynomial } from './segmented-polynomial.ts'

/** At least one representation. */
export type Reps = readonly [Rep, ...Rep[]]

/**
 * A segmented polynomial together with the representations its inputs and outputs carry: it commutes with the group.
 *
 * @throws {DimensionError} if a representation does not have the size of its operand.
 */
export class EquivariantPolynomial {
  readonly inputs: Reps
  readonly outputs: Reps
  readonly polynomial: SegmentedPolynomial

  constructor(inputs: Reps, outputs: Reps, polynomial: SegmentedPolynomial) {
    requireSizes('input', inputs, polynomial.inputs)
    requireSizes('output', outputs, polynomial.outputs)
    this.inputs = inputs
    this.outputs = outputs
    this.polynomial = polynomial
  }

  get operands(): readonly Rep[] {
    return [...this.inputs, ...this.outputs]
  }

  get numInputs(): number {
    return this.inputs.length
  }

  get numOutputs(): number {
    return this.outputs.length
  }

  /** See {@link SegmentedPolynomial.evaluate}. */
  evaluate(...inputs: readonly HostArray[]): HostArray[] {
    return this.polynomial.evaluate(...inputs)
  }

  /** Coefficients become numbers; representations stay. */
  flattenCoefficientModes(): EquivariantPolynomial {
    return this.#with(this.polynomial.flattenCoefficientModes())
  }

  /** Unrolls modes; representations stay. */
  flattenModes(modes: Iterable<string>): EquivariantPolynomial {
    return this.#with(this.polynomial.flattenModes(modes))
  }

  /** Drops modes of extent one; representations stay. */
  squeezeModes(modes?: string): EquivariantPolynomial {
    return this.#with(this.polynomial.squeezeModes(modes))
  }

  equals(other: EquivariantPolynomial): boolean {
    const same = (a: readonly Rep[], b: readonly Rep[]) => a.length === b.length && a.every((rep, i) => b[i] !== undefined && rep.equals(b[i]))
    return same(this.inputs, other.inputs) && same(this.outputs, other.outputs) && this.polynomial.equals(other.polynomial)
  }

  toString(): string {
    return `EquivariantPolynomial ${this.inputs.map((rep) => rep.toString()).join(', ')} -> ${this.outputs.map((rep) => rep.toString()).join(', ')}\n${this.polynomial.toString()}`
  }

  #with(polynomial: SegmentedPolynomial): EquivariantPolynomial {
    return new EquivariantPolynomial(this.inputs, this.outputs, polynomial)
  }
}

function requireSizes(side: string, reps: readonly Rep[], operands: readonly { readonly size: number }[]): void {
  if (reps.length !== operands.length)
    throw new DimensionError(`EquivariantPolynomial: ${reps.length} ${side} representations for a polynomial with ${operands.length} ${side}s`)
  for (const [i, rep] of reps.entries())
    if (rep.dim !== operands[i]?.size)
      throw new DimensionError(`EquivariantPolynomial: ${side} ${i} carries ${rep.toString()} of dimension ${rep.dim}, but its operand has size ${operands[i]?.size ?? 0}`)
}
