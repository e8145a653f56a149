import { EquivarError, InputError } from '@equivar/core'

/** Files of this library and of those below it, as they stand in stacks. */
const library = /[\\/](?:@equivar|packages)[\\/](?:core|engine|functional)[\\/](?:src|dist)[\\/]/
const located = new WeakSet<Error>()
/** Frames that are looked at: between an error and the user's line there may be many of the library's. */
const mostFrames = 100

/**
 * Calls a user's function in a transformation. Errors of this library say in which line of the user's they arose.
 *
 * @throws {InputError} if the function returns a promise.
 */
export function callUser<A extends readonly unknown[], R>(what: string, f: (...args: A) => R, args: A): R {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = mostFrames
  try {
    const result = f(...args)
    if (result instanceof Promise) {
      // What it waits for cannot come; that is said once, here.
      result.catch(() => undefined)
      throw new InputError(`${what}: the function returned a promise, but what is computed inside has no elements to wait for; read results with await outside of it`)
    }
    return result
  } catch (error) {
    locate(what, error)
    throw error
  } finally {
    Error.stackTraceLimit = before
  }
}

function locate(what: string, error: unknown): void {
  if (!(error instanceof EquivarError) || located.has(error)) return
  located.add(error)
  const line = userLine(error.stack ?? '')
  if (line === undefined) return
  const before = error.message
  error.message = `${before}\n    in a function under ${what}, at ${line}`
  if (error.stack !== undefined) error.stack = error.stack.replace(before, error.message)
}

/** File, line and column of the innermost call that is not the library's own. */
function userLine(stack: string): string | undefined {
  for (const frame of stack.split('\n')) {
    const place = /(?:\(|at |@)((?:file:|https?:|\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/.exec(frame.trim())?.[1]
    if (place !== undefined && !library.test(place)) return place
  }
  return undefined
}
