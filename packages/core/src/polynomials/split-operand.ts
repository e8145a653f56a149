import { PolynomialError } from '../errors.ts'
import { Operation } from './operation.ts'
import { SegmentedOperand } from './operand.ts'
import type { Path } from './path.ts'
import type { PolynomialParts, Term } from './polynomial-parts.ts'
import { SegmentedTensorProduct } from './segmented-tensor-product.ts'
import { mergeTerms } from './terms.ts'

/**
 * Cuts one operand into several that follow each other: segments `[offsets[p], offsets[p + 1])` become operand p of them. An
 * operation that holds the operand several times becomes one for every combination of pieces that has a path.
 *
 * @throws {PolynomialError} if the operand does not exist, or the offsets do not rise from 0 to its number of segments.
 */
export function splitOperandBySegment({ inputs, outputs, operations }: PolynomialParts, operand: number, offsets: readonly number[]): PolynomialParts {
  const buffers = [...inputs, ...outputs]
  const position = operand < 0 ? operand + buffers.length : operand
  const whole = buffers[position]
  if (!whole) throw new PolynomialError(`splitOperandBySegment: operand ${operand} does not exist; there are ${buffers.length}`)
  const rises = offsets.every((offset, n) => Number.isInteger(offset) && (n === 0 ? offset === 0 : offset >= (offsets[n - 1] ?? 0)))
  if (offsets.length < 2 || !rises || offsets[offsets.length - 1] !== whole.numSegments)
    throw new PolynomialError(`splitOperandBySegment: offsets [${offsets.join(', ')}] must rise from 0 to ${whole.numSegments}, the number of segments of operand ${operand}`)
  const pieces = offsets.slice(1).map((end, p) => new SegmentedOperand(whole.segments.slice(offsets[p], end), whole.ndim))
  const replace = (list: readonly SegmentedOperand[], first: number) => list.flatMap((own, n) => (first + n === position ? pieces : [own]))
  const terms = operations.flatMap((term) => splitTerm(term, position, offsets, pieces))
  return { inputs: replace(inputs, 0), outputs: replace(outputs, inputs.length), operations: mergeTerms(terms) }
}

/** The same with offsets counted in elements. @throws {PolynomialError} if one lies inside a segment. */
export function splitOperandBySize(parts: PolynomialParts, operand: number, offsets: readonly number[]): PolynomialParts {
  const buffers = [...parts.inputs, ...parts.outputs]
  const whole = buffers[operand < 0 ? operand + buffers.length : operand]
  if (!whole) throw new PolynomialError(`splitOperandBySize: operand ${operand} does not exist; there are ${buffers.length}`)
  const bySegment = offsets.map((offset, n) => {
    // Empty segments share an offset: the last offset takes them, so that none is lost.
    const segment = n === offsets.length - 1 ? whole.offsets.lastIndexOf(offset) : whole.offsets.indexOf(offset)
    if (segment < 0) throw new PolynomialError(`splitOperandBySize: offset ${offset} is not where a segment of operand ${operand} starts; those are [${whole.offsets.join(', ')}]`)
    return segment
  })
  return splitOperandBySegment(parts, operand, bySegment)
}

function splitTerm([operation, product]: Term, position: number, offsets: readonly number[], pieces: readonly SegmentedOperand[]): Term[] {
  const shift = pieces.length - 1
  const slots = operation.buffers.flatMap((buffer, k) => (buffer === position ? [k] : []))
  const renumbered = operation.buffers.map((buffer) => (buffer > position ? buffer + shift : buffer))
  const groups = new Map<string, { readonly choice: readonly number[]; readonly paths: Path[] }>()
  for (const path of product.paths) {
    const choice = slots.map((k) => pieceOf(path.indices[k] ?? 0, offsets))
    const key = choice.join()
    const group = groups.get(key) ?? { choice, paths: [] }
    const indices = [...path.indices]
    for (const [n, k] of slots.entries()) indices[k] = (indices[k] ?? 0) - (offsets[choice[n] ?? 0] ?? 0)
    group.paths.push(path.withIndices(indices))
    groups.set(key, group)
  }
  return [...groups.values()].map(({ choice, paths }) => {
    const pieceAt = (k: number) => choice[slots.indexOf(k)] ?? 0
    const own = renumbered.map((buffer, k) => (slots.includes(k) ? position + pieceAt(k) : buffer))
    const operands = product.operands.map((operand, k) => (slots.includes(k) ? (pieces[pieceAt(k)] ?? operand) : operand))
    return [new Operation(own), new SegmentedTensorProduct(product.subscripts, operands, paths)] as const
  })
}

function pieceOf(segment: number, offsets: readonly number[]): number {
  return offsets.findLastIndex((offset) => offset <= segment)
}
