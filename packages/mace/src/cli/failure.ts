import { EquivarError } from '@equivar/core'
import { Interrupted } from './context.ts'

const systemReasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'not permitted'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of the path is not a folder'],
  ['ENOSPC', 'no space left'],
  ['EROFS', 'the file system is read-only'],
  ['EMFILE', 'too many open files'],
])

/** One line for standard error, with a final line feed; with `debug` the stack trace follows. */
export function describeFailure(error: unknown, debug: boolean): string {
  const line = `equivar: ${message(error).replace(/\s+/g, ' ').trim()}\n`
  return debug && error instanceof Error && error.stack !== undefined ? `${line}${error.stack}\n` : line
}

export function exitCodeOf(error: unknown): number {
  return error instanceof Interrupted ? error.exitCode : 1
}

function message(error: unknown): string {
  if (error instanceof EquivarError || error instanceof Interrupted) return error.message
  if (!(error instanceof Error)) return `internal: ${String(error)}`
  const { code, path } = error as Error & { readonly code?: unknown; readonly path?: unknown }
  if (typeof code === 'string' && typeof path === 'string') return `${path}: ${systemReasons.get(code) ?? error.message}`
  if (error instanceof RangeError && /allocation|array length|buffer/i.test(error.message)) return `not enough memory: ${error.message}`
  // Anything else is a defect of this program; the kind of error helps to report it.
  return `internal: ${error.name}: ${error.message} (--debug shows where)`
}
