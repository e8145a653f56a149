import type { TensorProductParts } from '../parts.ts'
import { compareNumbers, type Path } from '../path.ts'
import { consolidatePaths } from './fuse-paths.ts'
import { requireInterchangeable, sortIndicesForIdenticalOperands } from './sort-identical.ts'

/**
 * Spreads every path evenly over all orders of its segments among operands that are fed the same data, so that exchanging
 * these operands changes nothing. The value does not change.
 *
 * @param force do it even if the product is symmetric already; it is then only consolidated and summed up again.
 * @throws {PolynomialError} if the operands differ in subscripts or segments, or share a mode with the coefficients.
 */
export function symmetrizeOperands(parts: TensorProductParts, operands: readonly number[], force = false): TensorProductParts {
  if (operands.length < 2) return parts
  requireInterchangeable(parts, operands)
  const slots = [...operands].sort((a, b) => a - b)
  if (!force && isSymmetric(parts, slots)) return parts
  const sorted = sortIndicesForIdenticalOperands(parts, slots)
  const paths = sorted.paths.flatMap((path) => {
    const orders = distinctOrders(slots.map((slot) => path.indices[slot] ?? 0))
    const coefficients = path.coefficients.scale(1 / orders.length)
    return orders.map((order) => {
      const indices = [...path.indices]
      for (const [n, slot] of slots.entries()) indices[slot] = order[n] ?? 0
      return path.withCoefficients(coefficients).withIndices(indices)
    })
  })
  return consolidatePaths({ ...sorted, paths })
}

/** Exchanging neighbours, which generates all permutations, leaves the consolidated paths as they are. */
function isSymmetric(parts: TensorProductParts, slots: readonly number[]): boolean {
  const { paths } = consolidatePaths(parts)
  return slots.slice(1).every((second, n) => {
    const first = slots[n] ?? 0
    const exchanged = paths.map((path) => {
      const indices = [...path.indices]
      indices[first] = path.indices[second] ?? 0
      indices[second] = path.indices[first] ?? 0
      return path.withIndices(indices)
    })
    return samePaths(paths, exchanged.sort((a, b) => compareNumbers(a.indices, b.indices)))
  })
}

/** Same segments and bitwise the same coefficients, path by path. */
export function samePaths(a: readonly Path[], b: readonly Path[]): boolean {
  return a.length === b.length && a.every((path, i) => {
    const other = b[i]
    return other !== undefined && compareNumbers(path.indices, other.indices) === 0 && path.coefficients.equals(other.coefficients)
  })
}

/** All different orders of numbers that are sorted, in lexicographic order. */
function distinctOrders(sorted: readonly number[]): readonly (readonly number[])[] {
  if (sorted.length <= 1) return [sorted]
  return sorted.flatMap((first, i) => {
    if (i > 0 && sorted[i - 1] === first) return []
    return distinctOrders([...sorted.slice(0, i), ...sorted.slice(i + 1)]).map((rest) => [first, ...rest])
  })
}
