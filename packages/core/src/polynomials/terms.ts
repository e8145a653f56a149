import { Operation } from './operation.ts'
import { compareNumbers } from './path.ts'
import type { Term } from './polynomial-parts.ts'
import { SegmentedTensorProduct } from './segmented-tensor-product.ts'
import type { Subscripts } from './subscripts.ts'
import { canonicalizeSubscripts } from './transforms/canonicalize-subscripts.ts'
import { permuteOperands } from './transforms/permute-operands.ts'
import { areInterchangeable, sortIndicesForIdenticalOperands } from './transforms/sort-identical.ts'
import { consolidatePaths } from './transforms/fuse-paths.ts'

/** With more modes than this the canonical letters may not suffice. */
const maxCanonicalModes = 12

/** The same term with its operands in the order of their buffers, equal buffers in the order they had. */
export function sortOperands([operation, product]: Term): Term {
  const order = operation.buffers.map((_, k) => k).sort((a, b) => (operation.buffers[a] ?? 0) - (operation.buffers[b] ?? 0) || a - b)
  if (order.every((from, to) => from === to)) return [operation, product]
  return [new Operation(order.map((k) => operation.buffers[k] ?? 0)), SegmentedTensorProduct.fromParts(permuteOperands(product, order))]
}

/** Canonical order of terms: by output, buffers, content. */
export function compareTerms([a, x]: Term, [b, y]: Term): number {
  const [outputA = 0, outputB = 0] = [a.buffers[a.numOperands - 1], b.buffers[b.numOperands - 1]]
  if (outputA !== outputB) return outputA - outputB
  const byBuffers = compareNumbers(a.buffers, b.buffers)
  if (byBuffers !== 0) return byBuffers
  return x.key < y.key ? -1 : Number(x.key > y.key)
}

/**
 * Adds up terms that read and write the same buffers with the same subscripts. Factors that are the same buffer are put
 * in one order first, so that `x_a x_b` and `x_b x_a` become one path.
 */
export function mergeTerms(terms: readonly Term[]): Term[] {
  const groups = new Map<string, Term[]>()
  for (const term of terms.map(sortOperands)) {
    const [operation, product] = term
    const key = `${operation.toString()} ${canonicalOperands(product.subscripts)}`
    const group = groups.get(key)
    if (group) group.push(term)
    else groups.set(key, [term])
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const [operation, { subscripts }] = first
    // Names of modes are kept where they agree already.
    const haveSameNames = group.every(([, product]) => product.subscripts.equals(subscripts))
    const products = group.map(([, product]) => (haveSameNames ? product : canonicalizeSubscripts(product)))
    const joined = { ...(products[0] ?? first[1]), paths: products.flatMap(({ paths }) => paths) }
    const exchangeable = repeatedFactors(operation).filter((factors) => areInterchangeable(joined, factors))
    const merged = exchangeable.length === 0 ? consolidatePaths(joined) : exchangeable.reduce(sortIndicesForIdenticalOperands, joined)
    return [[operation, SegmentedTensorProduct.fromParts(merged)] as const]
  })
}

/** Subscripts of the operands up to names of modes; the order of coefficient axes plays no part. */
function canonicalOperands(subscripts: Subscripts): string {
  return subscripts.modes.length <= maxCanonicalModes ? subscripts.canonicalize().operands.join() : subscripts.text
}

/** Operands that are one buffer, for every buffer that occurs more than once. */
export function repeatedFactors(operation: Operation): number[][] {
  const positions = new Map<number, number[]>()
  for (const [k, buffer] of operation.buffers.entries()) positions.set(buffer, [...(positions.get(buffer) ?? []), k])
  return [...positions.values()].filter((list) => list.length > 1)
}
