import { FormatError } from '@equivar/core'
import { isPlainName } from '../container/byte-reader.ts'

/** A JSON object read field by field; {@link close} refuses fields that nobody asked for. */
export class JsonReader {
  readonly #fields: ReadonlyMap<string, unknown>
  readonly #path: string
  readonly #seen = new Set<string>()

  /** @param path where the object stands, for errors: `'architecture.layers[0]'`. */
  constructor(value: unknown, path: string) {
    this.#path = path
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FormatError(`${path}: expected an object, found ${show(value)}`)
    // A map, because a field named `__proto__` is then a field like any other.
    this.#fields = new Map(Object.entries(value))
  }

  fail(name: string, message: string): never {
    throw new FormatError(`${this.#path}.${name}: ${message}`)
  }

  value(name: string): unknown {
    this.#seen.add(name)
    return this.#fields.get(name)
  }

  text(name: string): string {
    const value = this.value(name)
    return typeof value === 'string' ? value : this.fail(name, `expected a text, found ${show(value)}`)
  }

  boolean(name: string): boolean {
    const value = this.value(name)
    return typeof value === 'boolean' ? value : this.fail(name, `expected true or false, found ${show(value)}`)
  }

  number(name: string): number {
    const value = this.value(name)
    return typeof value === 'number' && Number.isFinite(value) ? value : this.fail(name, `expected a finite number, found ${show(value)}`)
  }

  integer(name: string, minimum = 0, maximum = Number.MAX_SAFE_INTEGER): number {
    const value = this.value(name)
    return isInteger(value, minimum, maximum) ? value : this.fail(name, `expected an integer from ${minimum} to ${maximum}, found ${show(value)}`)
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.value(name)
    return choices.find((choice) => choice === value) ?? this.fail(name, `expected ${choices.join(' or ')}, found ${show(value)}`)
  }

  integers(name: string, minimum = 0): readonly number[] {
    return this.list(name, (item, path) => {
      if (!isInteger(item, minimum, Number.MAX_SAFE_INTEGER)) throw new FormatError(`${path}: expected an integer of at least ${minimum}, found ${show(item)}`)
      return item
    })
  }

  texts(name: string): readonly string[] {
    return this.list(name, (item, path) => {
      if (typeof item !== 'string') throw new FormatError(`${path}: expected a text, found ${show(item)}`)
      return item
    })
  }

  list<Item>(name: string, read: (item: unknown, path: string) => Item): readonly Item[] {
    const value = this.value(name)
    if (!Array.isArray(value)) this.fail(name, `expected a list, found ${show(value)}`)
    return value.map((item: unknown, k) => read(item, `${this.#path}.${name}[${k}]`))
  }

  object<Result>(name: string, read: (reader: JsonReader) => Result): Result {
    return readObject(this.value(name), `${this.#path}.${name}`, read)
  }

  optionalObject<Result>(name: string, read: (reader: JsonReader) => Result): Result | null {
    return this.value(name) === null ? null : this.object(name, read)
  }

  objects<Result>(name: string, read: (reader: JsonReader) => Result): readonly Result[] {
    return this.list(name, (item, path) => readObject(item, path, read))
  }

  #failUnknown(name: string, value: unknown): never {
    if (isPlainName(name)) this.fail(name, `this field is not understood (${show(value)})`)
    throw new FormatError(`${this.#path}: field ${show(name)} is not understood`)
  }

  /** @throws {FormatError} for the first field that is not understood. */
  close(): void {
    for (const [name, value] of this.#fields) if (!this.#seen.has(name)) this.#failUnknown(name, value)
  }
}

/** Reads an object and refuses whatever `read` left over. */
export function readObject<Result>(value: unknown, path: string, read: (reader: JsonReader) => Result): Result {
  const reader = new JsonReader(value, path)
  const result = read(reader)
  reader.close()
  return result
}

function isInteger(value: unknown, minimum: number, maximum: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
