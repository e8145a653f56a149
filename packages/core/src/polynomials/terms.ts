import { Operation } from './operation.ts'
import { compareNumbers } from './path.ts'
import type { Term } from './polynomial-parts.ts'
import { SegmentedTensorProduct } from './segmented-tensor-product.ts'
import { permuteOperands } from './transforms/permute-operands.ts'
import { areInterchangeable, sortIndicesForIdenticalOperands } from './transforms/sort-identical.ts'
import { consolidatePaths } from './transforms/fuse-paths.ts'

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
    const key = `${operation.toString()} ${product.subscripts.toString()}`
    groups.set(key, [...(groups.get(key) ?? []), term])
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const [operation, { subscripts, operands }] = first
    const joined = { subscripts, operands, paths: group.flatMap(([, product]) => product.paths) }
    const merged = repeatedFactors(operation)
      .filter((factors) => areInterchangeable(joined, factors))
      .reduce((parts, factors) => sortIndicesForIdenticalOperands(parts, factors), consolidatePaths(joined))
    return [[operation, SegmentedTensorProduct.fromParts(merged)] as const]
  })
}

/** Operands that are one buffer, for every buffer that occurs more than once. */
export function repeatedFactors(operation: Operation): number[][] {
  const positions = new Map<number, number[]>()
  for (const [k, buffer] of operation.buffers.entries()) positions.set(buffer, [...(positions.get(buffer) ?? []), k])
  return [...positions.values()].filter((list) => list.length > 1)
}
