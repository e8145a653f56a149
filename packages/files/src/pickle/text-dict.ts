import { FormatError } from '@equivar/core'
import { isPlainName } from '../container/byte-reader.ts'
import { describe, PickleDict, type PickleValue } from './values.ts'

/** A dict whose keys are texts. @throws {FormatError} for anything else. */
export function textDict(value: PickleValue | undefined, what: string): ReadonlyMap<string, PickleValue> {
  if (!(value instanceof PickleDict)) throw new FormatError(`${what}: expected a dict, found ${describe(value)}`)
  const result = new Map<string, PickleValue>()
  for (const [key, item] of value.entries) {
    if (typeof key !== 'string' || !isPlainName(key)) throw new FormatError(`${what}: key ${describe(key)} is not a plain name`)
    result.set(key, item)
  }
  return result
}
