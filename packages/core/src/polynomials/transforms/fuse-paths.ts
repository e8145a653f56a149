import { compareNumbers, comparePaths, Path } from '../path.ts'
import type { TensorProductParts } from '../parts.ts'

/** Adds up the coefficients of paths with the same segments; the result is sorted by segments. */
export function fusePathsWithSameIndices(parts: TensorProductParts): TensorProductParts {
  const sorted = [...parts.paths].sort((a, b) => compareNumbers(a.indices, b.indices))
  const paths: Path[] = []
  for (const path of sorted) {
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

/** Paths in canonical order: by segments, then by coefficients. */
export function consolidatePaths(parts: TensorProductParts): TensorProductParts {
  const { paths, ...rest } = removeZeroPaths(fusePathsWithSameIndices(parts))
  return { ...rest, paths: [...paths].sort(comparePaths) }
}
