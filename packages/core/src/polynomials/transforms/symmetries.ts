import type { TensorProductParts } from '../parts.ts'
import { compareNumbers } from '../path.ts'
import { canonicalizeSubscripts } from './canonicalize-subscripts.ts'
import { consolidatePaths } from './fuse-paths.ts'
import { permuteOperands } from './permute-operands.ts'
import { samePaths } from './symmetrize-operands.ts'

/** Operands that have the same segments, together. */
export function operandsWithIdenticalSegments({ operands }: TensorProductParts): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>()
  for (const [k, operand] of operands.entries()) groups.set(operand.key, [...(groups.get(operand.key) ?? []), k])
  return [...groups.values()]
}

/**
 * All permutations of operands with identical segments that leave the product exactly as it is, up to the names of modes and
 * the order of paths. They form a group; the identity comes first.
 */
export function symmetries(parts: TensorProductParts): readonly (readonly number[])[] {
  const normal = (permutation: readonly number[]) => consolidatePaths(canonicalizeSubscripts(permuteOperands(parts, permutation)))
  const identity = parts.operands.map((_, k) => k)
  const reference = normal(identity)
  const found = new Map([[identity.join(), identity]])
  for (const candidate of permutationsWithin(operandsWithIdenticalSegments(parts), identity)) {
    if (found.has(candidate.join())) continue
    const { subscripts, paths } = normal(candidate)
    if (subscripts.equals(reference.subscripts) && samePaths(paths, reference.paths)) closeGroup(found, candidate)
  }
  return [...found.values()].sort(compareNumbers)
}

/** Adds an element to a group, and all its products with what is there. */
function closeGroup(group: Map<string, number[]>, element: readonly number[]): void {
  const generators = [...group.values(), [...element]]
  const pending = [[...element]]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const key = next.join()
    if (group.has(key)) continue
    group.set(key, next)
    const known = next
    for (const generator of generators) pending.push(generator.map((k) => known[k] ?? 0))
  }
}

/** Permutations that move operands only inside their group. */
function permutationsWithin(groups: readonly (readonly number[])[], identity: readonly number[]): readonly (readonly number[])[] {
  return groups.reduce<readonly (readonly number[])[]>(
    (partial, group) =>
      partial.flatMap((permutation) =>
        permutationsOf(group).map((order) => {
          const result = [...permutation]
          for (const [n, k] of group.entries()) result[k] = order[n] ?? k
          return result
        }),
      ),
    [identity],
  )
}

/** All orders of a list, in lexicographic order of positions. */
export function permutationsOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= 1) return [items]
  return items.flatMap((first, i) => permutationsOf([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [first, ...rest]))
}
