import { NDArray } from '@equivar/engine'

/** Disposes every engine array inside plain objects, lists and maps. */
export function disposeTree(root: unknown): void {
  if (root instanceof NDArray) root.dispose()
  else if (root instanceof Map) for (const item of root.values()) disposeTree(item)
  else if (Array.isArray(root)) for (const item of root as readonly unknown[]) disposeTree(item)
  else if (typeof root === 'object' && root !== null) for (const item of Object.values<unknown>({ ...root })) disposeTree(item)
}
