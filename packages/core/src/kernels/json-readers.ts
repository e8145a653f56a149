import { FormatError } from '../errors.ts'

/** Makes a value of a type from untrusted data, or throws {@link FormatError} that says where what is wrong. */
export type Reader<T> = (where: string, value: unknown) => T

function refuse(where: string, needed: string, value: unknown): never {
  const got = typeof value === 'string' ? `'${value.slice(0, 40)}'` : typeof value === 'object' && value !== null ? (Array.isArray(value) ? 'a list' : 'an object') : String(value)
  throw new FormatError(`${where} must be ${needed}, got ${got}`)
}

/** An object with exactly these fields. */
export function object<T extends object>(readers: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  const names = Object.keys(readers) as (keyof T & string)[]
  return (where, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(where, 'an object', value)
    const foreign = Object.keys(value).find((key) => !(names as readonly string[]).includes(key))
    if (foreign !== undefined) throw new FormatError(`${where} has an unknown field '${foreign.slice(0, 40)}'; its fields are ${names.join(', ')}`)
    const entries = names.map((name) => {
      if (!Object.hasOwn(value, name)) throw new FormatError(`${where} has no '${name}'`)
      return [name, readers[name](`${where}.${name}`, (value as Readonly<Record<string, unknown>>)[name])] as const
    })
    return Object.fromEntries(entries) as T
  }
}

export function list<T>(item: Reader<T>): Reader<readonly T[]> {
  return (where, value) => {
    if (!Array.isArray(value)) return refuse(where, 'a list', value)
    return Array.from(value, (inner: unknown, k) => item(`${where}[${k}]`, inner))
  }
}

export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (where, value) => (value === null ? null : reader(where, value))
}

export function choice<T extends string | number>(options: readonly T[]): Reader<T> {
  return (where, value) => options.find((option) => option === value) ?? refuse(where, `one of ${options.join(', ')}`, value)
}

export const text: Reader<string> = (where, value) => (typeof value === 'string' ? value : refuse(where, 'a text', value))

export const integer: Reader<number> = (where, value) => (typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse(where, 'an integer', value))

/** A position in a list. */
export const position: Reader<number> = (where, value) => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : refuse(where, 'a non-negative integer', value))
