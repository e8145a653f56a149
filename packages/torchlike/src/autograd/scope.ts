import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { NDArray } from '@equivar/engine'
import { Tensor } from '../tensor/tensor.ts'

/**
 * Runs `f` and gives the memory of every tensor made inside back but of those that it returns: tensors, or lists, plain objects and maps
 * of them. Parameters, gradients and the state of optimisers stay.
 *
 * @throws {InputError} if `f` returns a promise: read results outside of the scope.
 */
export function scope<R>(f: () => R): R {
  const results: R[] = []
  engine.scope(() => {
    const result = f()
    if (result instanceof Promise) throw new InputError('scope: the function returned a promise; compute inside of the scope and read outside')
    results.push(result)
    return arraysIn(result)
  })
  return results[0] as R
}

function arraysIn(root: unknown): NDArray[] {
  const found: NDArray[] = []
  const seen = new Set<unknown>()
  const pending: unknown[] = [root]
  while (pending.length > 0) {
    const item = pending.pop()
    if (typeof item !== 'object' || item === null || seen.has(item)) continue
    seen.add(item)
    if (item instanceof Tensor) found.push(item.array)
    else if (item instanceof Map || item instanceof Set) pending.push(...item.values())
    else if (!ArrayBuffer.isView(item)) pending.push(...Object.values<unknown>({ ...item }))
  }
  return found
}
