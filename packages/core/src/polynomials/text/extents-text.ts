import type { TensorProductParts } from '../parts.ts'
import { dimensionsOf } from '../transforms/extents.ts'

/** Extents of every mode: `u=4`, or `i={1, 3}` where segments differ. */
export function extentsToText(parts: TensorProductParts): string {
  return [...dimensionsOf(parts)]
    .map(([mode, found]) => {
      const extents = [...found].sort((a, b) => a - b)
      return extents.length === 1 ? `${mode}=${extents.join()}` : `${mode}={${extents.join(', ')}}`
    })
    .sort()
    .join(' ')
}
