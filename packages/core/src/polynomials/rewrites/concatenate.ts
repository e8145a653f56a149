import { PolynomialError } from '../../errors.ts'
import type { SegmentedOperand } from '../operand.ts'
import { Operation } from '../operation.ts'
import type { PolynomialParts, Term } from '../polynomial-parts.ts'

/**
 * Sum of polynomials on one set of operands. With each comes, for every operand of the result, which of its own operands that
 * is, or `null`.
 *
 * @throws {PolynomialError} if a mapping has the wrong length, names an operand twice, takes an input for an output, or leaves
 * out an operand that is used.
 */
export function concatenate(
  inputs: readonly SegmentedOperand[],
  outputs: readonly SegmentedOperand[],
  polynomials: readonly (readonly [PolynomialParts, readonly (number | null)[]])[],
): PolynomialParts {
  const numOperands = inputs.length + outputs.length
  const operations = polynomials.flatMap(([polynomial, mapping], p) => {
    if (mapping.length !== numOperands) throw new PolynomialError(`concatenate: the mapping of polynomial ${p} has ${mapping.length} entries, but there are ${numOperands} operands`)
    const numOwn = polynomial.inputs.length + polynomial.outputs.length
    const slots = new Map<number, number>()
    for (const [slot, operand] of mapping.entries()) {
      if (operand === null) continue
      if (!(Number.isInteger(operand) && operand >= 0 && operand < numOwn)) throw new PolynomialError(`concatenate: polynomial ${p} has no operand ${operand}; it has ${numOwn}`)
      if (slots.has(operand)) throw new PolynomialError(`concatenate: the mapping of polynomial ${p} names operand ${operand} twice`)
      if (slot < inputs.length !== operand < polynomial.inputs.length)
        throw new PolynomialError(`concatenate: operand ${slot} and operand ${operand} of polynomial ${p} must both be inputs or both be outputs`)
      slots.set(operand, slot)
    }
    return polynomial.operations.map(([operation, product]): Term => {
      const buffers = operation.buffers.map((buffer) => {
        const slot = slots.get(buffer)
        if (slot === undefined) throw new PolynomialError(`concatenate: operand ${buffer} of polynomial ${p} is used, but its mapping leaves it out`)
        return slot
      })
      return [new Operation(buffers), product]
    })
  })
  return { inputs, outputs, operations }
}
