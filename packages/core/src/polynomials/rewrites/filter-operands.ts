import { PolynomialError } from '../../errors.ts'
import { Operation } from '../operation.ts'
import type { PolynomialParts, Term } from '../polynomial-parts.ts'

/** For every operand, inputs first, whether an operation holds it. */
export function usedOperands({ inputs, outputs, operations }: PolynomialParts): readonly boolean[] {
  const used = new Set(operations.flatMap(([operation]) => operation.buffers))
  return [...inputs, ...outputs].map((_, buffer) => used.has(buffer))
}

/**
 * Keeps some operands; what computes other outputs is dropped.
 *
 * @throws {PolynomialError} if a kept output depends on a dropped input.
 */
export function filterKeepOperands({ inputs, outputs, operations }: PolynomialParts, keep: readonly boolean[]): PolynomialParts {
  const numOperands = inputs.length + outputs.length
  if (keep.length !== numOperands) throw new PolynomialError(`filterKeepOperands: got ${keep.length} entries for ${numOperands} operands; pass one for each`)
  let next = 0
  const renumbered = keep.map((kept) => (kept ? next++ : -1))
  const kept = operations.flatMap(([operation, product]): Term[] => {
    const output = operation.outputBuffer(inputs.length)
    if (!keep[output]) return []
    const missing = operation.buffers.find((buffer) => !keep[buffer])
    if (missing !== undefined) throw new PolynomialError(`filterKeepOperands: output ${output - inputs.length} needs input ${missing}, which is dropped; keep it, or drop the output`)
    return [[new Operation(operation.buffers.map((buffer) => renumbered[buffer] ?? 0)), product]]
  })
  return {
    inputs: inputs.filter((_, i) => keep[i]),
    outputs: outputs.filter((_, o) => keep[inputs.length + o]),
    operations: kept,
  }
}

/** Keeps some outputs, and all inputs. */
export function filterKeepOutputs(parts: PolynomialParts, keep: readonly boolean[]): PolynomialParts {
  requireOnePerOutput('filterKeepOutputs', parts, keep)
  return filterKeepOperands(parts, [...parts.inputs.map(() => true), ...keep])
}

export function filterDropUnusedOperands(parts: PolynomialParts): PolynomialParts {
  return filterKeepOperands(parts, usedOperands(parts))
}

/** Keeps all operands, but computes only some outputs; the others become zero. */
export function computeOnly({ inputs, outputs, operations }: PolynomialParts, compute: readonly boolean[]): PolynomialParts {
  requireOnePerOutput('computeOnly', { inputs, outputs, operations }, compute)
  return { inputs, outputs, operations: operations.filter(([operation]) => compute[operation.outputBuffer(inputs.length) - inputs.length]) }
}

/** Input i of the result is input `order[i]`, output o is output `outputOrder[o]`. @throws {PolynomialError} unless both are permutations. */
export function permuteBuffers(
  { inputs, outputs, operations }: PolynomialParts,
  inputOrder: readonly number[],
  outputOrder: readonly number[],
): PolynomialParts {
  requirePermutation('permuteInputs', inputOrder, inputs.length)
  requirePermutation('permuteOutputs', outputOrder, outputs.length)
  const order = [...inputOrder, ...outputOrder.map((o) => inputs.length + o)]
  const positions = new Map(order.map((old, position) => [old, position]))
  return {
    inputs: inputOrder.flatMap((i) => inputs[i] ?? []),
    outputs: outputOrder.flatMap((o) => outputs[o] ?? []),
    operations: operations.map(([operation, product]) => [new Operation(operation.buffers.map((buffer) => positions.get(buffer) ?? buffer)), product]),
  }
}

function requireOnePerOutput(what: string, { outputs }: PolynomialParts, mask: readonly boolean[]): void {
  if (mask.length !== outputs.length) throw new PolynomialError(`${what}: got ${mask.length} entries for ${outputs.length} outputs; pass one for each`)
}

function requirePermutation(what: string, order: readonly number[], length: number): void {
  if (order.length !== length || new Set(order).size !== length || order.some((i) => !(Number.isInteger(i) && i >= 0 && i < length)))
    throw new PolynomialError(`${what}: [${order.join(', ')}] is not a permutation of ${length}`)
}
