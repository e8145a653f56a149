import { NDArray } from '@equivar/engine'

/** Disposes every engine array inside plain objects and lists. */
export function disposeTree(root: unknown): void {
  if (root instanceof NDArray) root.dispose()
  else if (Array.isArray(root)) for (const item of root as readonly unknown[]) disposeTree(item)
  else if (typeof root === 'object' && root !== null) for (const item of Object.values<unknown>({ ...root })) disposeTree(item)
}
