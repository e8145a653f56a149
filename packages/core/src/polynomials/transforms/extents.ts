import type { TensorProductParts } from '../parts.ts'
import type { Path } from '../path.ts'

/** Extent of every mode, in the order of `subscripts.modes`, in one path. */
export function extentsOf({ subscripts, operands }: TensorProductParts): (path: Path) => number[] {
  const slots = subscripts.modes.map((mode) => subscripts.axesOf(mode)[0] ?? ([0, 0] as const))
  return (path) => slots.map(([operand, axis]) => operands[operand]?.segments[path.indices[operand] ?? 0]?.[axis] ?? 0)
}

/** All extents that every mode has in some segment. */
export function dimensionsOf({ subscripts, operands }: TensorProductParts): ReadonlyMap<string, ReadonlySet<number>> {
  return new Map(
    subscripts.modes.map((mode) => {
      const found = new Set<number>()
      for (const [operand, axis] of subscripts.axesOf(mode)) for (const shape of operands[operand]?.segments ?? []) found.add(shape[axis] ?? 1)
      return [mode, found]
    }),
  )
}
