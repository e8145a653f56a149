import { InputError } from '@equivar/core'

/** A value that belongs to a whole structure: what JSON can say, plus non-finite numbers. */
export type InfoValue = null | boolean | number | string | readonly InfoValue[] | { readonly [key: string]: InfoValue }

/** Array.isArray for readonly lists, which it does not narrow by itself. */
export function isInfoList(value: InfoValue | undefined): value is readonly InfoValue[] {
  return Array.isArray(value)
}

/** Deeper nesting than this is refused: no real file has it, and recursion over it would exhaust the stack. */
export const maxInfoDepth = 64

/** A deep, frozen copy. @throws InputError when the value is not an {@link InfoValue} or nested too deeply. */
export function freezeInfo(value: unknown, key: string, depth = 0): InfoValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value
  if (depth > maxInfoDepth) throw new InputError(`the value of ${JSON.stringify(key)} is nested deeper than ${maxInfoDepth} levels`)
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    return Object.freeze(Array.from(value as ArrayLike<unknown>, (item) => freezeInfo(item, key, depth + 1)))
  }
  if (typeof value === 'object') {
    // fromEntries defines own properties, so that a key such as __proto__ stays data.
    return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, item]) => [name, freezeInfo(item, key, depth + 1)])))
  }
  throw new InputError(`the value of ${JSON.stringify(key)} is a ${typeof value}; expected numbers, strings, booleans, null, or lists and objects of them`)
}

/** Deep equality; NaN equals NaN, and 0 differs from −0. */
export function sameInfo(a: InfoValue, b: InfoValue): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  const left = Object.entries(a)
  const right = new Map<string, InfoValue>(Object.entries(b))
  return (
    isInfoList(a) === isInfoList(b) &&
    left.length === right.size &&
    left.every(([key, value]) => {
      const other = right.get(key)
      return other !== undefined && sameInfo(value, other)
    })
  )
}
