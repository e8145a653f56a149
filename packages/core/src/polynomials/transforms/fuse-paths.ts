import { compareNumbers, type Path } from '../path.ts'
import type { TensorProductParts } from '../parts.ts'

/** Paths by their segments, operand by operand; paths with the same segments keep their order. */
export function sortBySegments({ operands, paths }: Pick<TensorProductParts, 'operands' | 'paths'>): readonly Path[] {
  const keys = segmentKeys(operands, paths)
  const compare = keys
    ? (a: number, b: number) => (keys[a] ?? 0) - (keys[b] ?? 0)
    : (a: number, b: number) => compareNumbers(paths[a]?.indices ?? [], paths[b]?.indices ?? [])
  let isSorted = true
  for (let n = 1; n < paths.length && isSorted; n++) isSorted = compare(n - 1, n) <= 0
  if (isSorted) return paths
  return Array.from(paths.keys())
    .sort(compare)
    .flatMap((n) => paths[n] ?? [])
}

/** The segments of each path as one number, in the same order; `undefined` if such numbers would not be exact. */
function segmentKeys(operands: TensorProductParts['operands'], paths: readonly Path[]): Float64Array | undefined {
  const radices = operands.map(({ numSegments }) => numSegments)
  if (radices.reduce((product, radix) => product * radix, 1) > Number.MAX_SAFE_INTEGER) return undefined
  return Float64Array.from(paths, ({ indices }) => {
    let key = 0
    for (let k = 0; k < radices.length; k++) key = key * (radices[k] ?? 1) + (indices[k] ?? 0)
    return key
  })
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
