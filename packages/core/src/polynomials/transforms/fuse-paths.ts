import { compareNumbers, type Path } from '../path.ts'
import type { TensorProductParts } from '../parts.ts'

/** Paths by their segments, operand by operand; paths with the same segments keep their order. */
function sortBySegments({ operands, paths }: Pick<TensorProductParts, 'operands' | 'paths'>): readonly Path[] {
  const radices = operands.map(({ numSegments }) => numSegments)
  const numKeys = radices.reduce((product, radix) => product * radix, Math.max(1, paths.length))
  if (numKeys > Number.MAX_SAFE_INTEGER) return [...paths].sort((a, b) => compareNumbers(a.indices, b.indices))
  // Segments and position packed into one exact number: sorting numbers is many times faster than sorting objects.
  const keys = new Float64Array(paths.length)
  let isSorted = true
  for (const [position, { indices }] of paths.entries()) {
    let key = 0
    for (let k = 0; k < radices.length; k++) key = key * (radices[k] ?? 1) + (indices[k] ?? 0)
    keys[position] = key * paths.length + position
    isSorted &&= position === 0 || (keys[position - 1] ?? 0) < key * paths.length + position
  }
  if (isSorted) return paths
  const sorted: Path[] = []
  for (const key of keys.sort()) {
    const path = paths[key % paths.length]
    if (path) sorted.push(path)
  }
  return sorted
}

/** Adds up the coefficients of paths with the same segments; the result is sorted by segments. */
export function fusePathsWithSameIndices(parts: TensorProductParts): TensorProductParts {
  const paths: Path[] = []
  for (const path of sortBySegments(parts)) {
    const last = paths[paths.length - 1]
    if (last && compareNumbers(last.indices, path.indices) === 0) paths[paths.length - 1] = last.withCoefficients(last.coefficients.add(path.coefficients))
    else paths.push(path)
  }
  return { ...parts, paths }
}

/** Drops paths whose coefficients are all zero. */
export function removeZeroPaths(parts: TensorProductParts): TensorProductParts {
  return { ...parts, paths: parts.paths.filter((path) => !path.isZero) }
}

/** Paths in canonical order, each set of segments once, none zero. */
export function consolidatePaths(parts: TensorProductParts): TensorProductParts {
  return removeZeroPaths(fusePathsWithSameIndices(parts))
}
