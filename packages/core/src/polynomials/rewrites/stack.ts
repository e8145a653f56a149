import { PolynomialError } from '../../errors.ts'
import { SegmentedOperand } from '../operand.ts'
import type { Operation } from '../operation.ts'
import type { PolynomialParts, Term } from '../polynomial-parts.ts'
import { SegmentedTensorProduct } from '../segmented-tensor-product.ts'
import { consolidate } from './consolidate.ts'

/**
 * One polynomial of several: stacked operands get the segments of all behind one another, so that an input holds all their
 * inputs or an output all their outputs; the other operands are shared.
 *
 * @param isStacked for every operand, inputs first.
 * @throws {PolynomialError} if the polynomials differ in number of operands, or in a shared operand.
 */
export function stack(polynomials: readonly PolynomialParts[], isStacked: readonly boolean[]): PolynomialParts {
  const [first] = polynomials
  if (!first) throw new PolynomialError('stack: needs at least one polynomial')
  const numInputs = first.inputs.length
  const buffersOf = ({ inputs, outputs }: PolynomialParts) => [...inputs, ...outputs]
  const reference = buffersOf(first)
  if (isStacked.length !== reference.length) throw new PolynomialError(`stack: isStacked has ${isStacked.length} entries, but the polynomials have ${reference.length} operands`)
  for (const [p, other] of polynomials.entries()) {
    if (other.inputs.length !== numInputs || other.outputs.length !== first.outputs.length)
      throw new PolynomialError(`stack: polynomial ${p} has ${other.inputs.length} inputs and ${other.outputs.length} outputs, but the first has ${numInputs} and ${first.outputs.length}`)
    for (const [b, operand] of buffersOf(other).entries())
      if (!isStacked[b] && !operand.equals(reference[b] ?? operand))
        throw new PolynomialError(`stack: operand ${b} is shared, but has segments ${operand.toString()} in polynomial ${p} and ${reference[b]?.toString() ?? ''} in the first; stack it or make them equal`)
  }
  const buffers = reference.map((operand, b) => (isStacked[b] ? SegmentedOperand.stack(polynomials.map((own) => buffersOf(own)[b] ?? operand)) : operand))
  const offsets = reference.map(() => 0)
  const operations = polynomials.flatMap((own) => {
    const shifted = own.operations.map((term) => shift(term, buffers, offsets))
    for (const [b, operand] of buffersOf(own).entries()) if (isStacked[b]) offsets[b] = (offsets[b] ?? 0) + operand.numSegments
    return shifted
  })
  return consolidate({ inputs: buffers.slice(0, numInputs), outputs: buffers.slice(numInputs), operations })
}

/**
 * A polynomial of products that each bring segments of their own. An operand that is given is shared by all products; for
 * `null` the segments of the products that use it are put behind one another.
 *
 * @throws {PolynomialError} if a product does not fit a given operand, or holds an operand twice with different segments.
 */
export function stackTensorProducts(
  inputs: readonly (SegmentedOperand | null)[],
  outputs: readonly (SegmentedOperand | null)[],
  terms: readonly (readonly [Operation, SegmentedTensorProduct])[],
): PolynomialParts {
  const given = [...inputs, ...outputs]
  const collected = given.map((): (readonly number[])[] => [])
  const firstSegments = terms.map(([operation, product]) => {
    const offsets = collected.map((segments) => segments.length)
    for (const buffer of new Set(operation.buffers)) {
      const same = product.operands.filter((_, k) => operation.buffers[k] === buffer)
      const [first] = same
      if (!first || given[buffer] !== null) continue
      const different = same.find((operand) => !operand.equals(first))
      if (different) throw new PolynomialError(`stackTensorProducts: operation ${operation.toString()} holds buffer ${buffer} with segments ${first.toString()} and ${different.toString()}`)
      collected[buffer]?.push(...first.segments)
    }
    return offsets
  })
  const buffers = given.map((operand, b) => operand ?? new SegmentedOperand(collected[b] ?? []))
  const operations = terms.map((term, n) => shift(term, buffers, firstSegments[n] ?? []))
  return consolidate({ inputs: buffers.slice(0, inputs.length), outputs: buffers.slice(inputs.length), operations })
}

/** The term on larger buffers, in which its own segments begin at the offsets. */
function shift([operation, product]: Term, buffers: readonly SegmentedOperand[], offsets: readonly number[]): Term {
  const steps = operation.buffers.map((buffer) => offsets[buffer] ?? 0)
  const operands = operation.buffers.map((buffer, k) => buffers[buffer] ?? product.operands[k] ?? new SegmentedOperand([]))
  const paths = product.paths.map((path) => path.withIndices(path.indices.map((segment, k) => segment + (steps[k] ?? 0))))
  return [operation, new SegmentedTensorProduct(product.subscripts, operands, paths)]
}
