import { InputError } from '@equivar/core'

/** What a scope owns: anything that can be given back. */
export interface Owned {
  dispose(): void
}

let current: Set<Owned> | undefined

/** Puts a new handle under the innermost open scope, if any. */
export function own(handle: Owned): void {
  current?.add(handle)
}

/** Removes a handle that was disposed by hand. */
export function disown(handle: Owned): void {
  current?.delete(handle)
}

/** Runs `f` with new handles put under `owner`. */
export function owning<R>(owner: Set<Owned> | undefined, f: () => R): R {
  const outer = current
  current = owner
  try {
    return f()
  } finally {
    current = outer
  }
}

/**
 * Runs `f` outside of every open scope: what it makes lives until it is disposed or collected, as what outlives a scope must (the state of
 * an optimiser, say).
 */
export function unscoped<R>(f: () => R): R {
  return owning(undefined, f)
}

/** Disposes what a scope owned. */
export function disposeAll(owned: ReadonlySet<Owned>): void {
  owning(undefined, () => {
    for (const handle of owned) handle.dispose()
  })
}

/**
 * Runs `f` and disposes every array made inside but those that it returns (arrays, or arrays and plain objects of them).
 * Scopes nest; what an inner scope returns belongs to the outer one. What a returned tracked array needs for its
 * derivatives stays alive with it.
 *
 * @throws {InputError} if `f` returns a promise: read results outside of the scope.
 * @example
 * const y = scope(() => { const t = mul(x, x); return add(t, 1) })   // t is freed, y is not
 */
export function scope<R>(f: () => R): R {
  const outer = current
  const mine = new Set<Owned>()
  try {
    const result = owning(mine, f)
    if (result instanceof Promise) throw new InputError('scope: the function returned a promise; compute inside the scope and read (data(), item()) outside')
    for (const kept of ownedIn(result, mine)) {
      mine.delete(kept)
      outer?.add(kept)
    }
    return result
  } finally {
    disposeAll(mine)
  }
}

/** What a scope owns of what its function returned. */
export function ownedIn(root: unknown, mine: ReadonlySet<Owned>): Set<Owned> {
  const found = new Set<Owned>()
  const seen = new Set<object>()
  const pending: unknown[] = [root]
  while (pending.length > 0) {
    const item = pending.pop()
    if (typeof item !== 'object' || item === null || seen.has(item)) continue
    seen.add(item)
    if (isOwned(item) && mine.has(item)) found.add(item)
    else if (item instanceof Map || item instanceof Set) pending.push(...item.values())
    else if (!ArrayBuffer.isView(item)) for (const member of Object.values<unknown>({ ...item })) pending.push(member)
  }
  return found
}

function isOwned(item: object): item is Owned {
  return 'dispose' in item && typeof item.dispose === 'function'
}
