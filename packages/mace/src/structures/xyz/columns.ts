import type { AtomArray } from '../atom-arrays.ts'
import { LineProblem, quote } from './error.ts'
import { parseInteger, parseLogical, parseReal } from './scalars.ts'

export type ColumnKind = AtomArray['kind']

/** One entry of `Properties=`: `name:R:3`. */
export interface Property {
  readonly name: string
  readonly kind: ColumnKind
  readonly components: number
}

const kinds: ReadonlyMap<string, ColumnKind> = new Map([
  ['S', 'string'],
  ['R', 'real'],
  ['I', 'integer'],
  ['L', 'logical'],
])

/** More columns than this in one line cannot be meant. */
const maxColumns = 100_000

/** The columns of plain XYZ: symbol x y z. */
export const plainProperties: readonly Property[] = [
  { name: 'species', kind: 'string', components: 1 },
  { name: 'pos', kind: 'real', components: 3 },
]

/** Reads `species:S:1:pos:R:3:…`. @throws LineProblem */
export function parseProperties(text: string, column: number): Property[] {
  const parts = text.trim().split(':')
  if (parts.length < 3 || parts.length % 3 !== 0) {
    throw new LineProblem(column, `expected Properties as name:type:count triples, found ${quote(text)}`)
  }
  const properties: Property[] = []
  const names = new Set<string>()
  let total = 0
  for (let i = 0; i < parts.length; i += 3) {
    const [name = '', letter = '', count = ''] = parts.slice(i, i + 3)
    const kind = kinds.get(letter)
    const components = /^\d{1,6}$/.test(count) ? Number(count) : 0
    if (name === '' || /[\s"'=]/.test(name)) throw new LineProblem(column, `expected a name in Properties, found ${quote(name)}`)
    if (names.has(name)) throw new LineProblem(column, `Properties names ${quote(name)} twice`)
    if (kind === undefined) throw new LineProblem(column, `expected the type S, R, I or L for property ${quote(name)}, found ${quote(letter)}`)
    total += components
    if (components < 1 || total > maxColumns) {
      throw new LineProblem(column, `expected a column count from 1 to ${maxColumns} for property ${quote(name)}, found ${quote(count)}`)
    }
    names.add(name)
    properties.push({ name, kind, components })
  }
  return properties
}

/** Values of one property, which grow as lines arrive. */
export class ColumnBuilder {
  readonly property: Property
  /** Index of its first column. */
  readonly first: number
  readonly #numbers: number[] = []
  readonly #strings: string[] = []

  constructor(property: Property, first: number) {
    this.property = property
    this.first = first
  }

  /** @throws LineProblem; `locate` gives the column of a token. */
  push(tokens: readonly string[], locate: (index: number) => number): void {
    const { name, kind, components } = this.property
    for (let c = 0; c < components; c++) {
      const index = this.first + c
      const token = tokens[index] ?? ''
      if (kind === 'string') {
        this.#strings.push(token)
        continue
      }
      const value = kind === 'real' ? parseReal(token) : kind === 'integer' ? parseInteger(token) : parseLogical(token)
      if (value === undefined || (name === 'pos' && !Number.isFinite(value))) {
        const label = components === 1 ? name : `${name}[${c}]`
        throw new LineProblem(locate(index), `expected ${this.#expected()} for ${label}, found ${quote(token)}`)
      }
      this.#numbers.push(Number(value))
    }
  }

  #expected(): string {
    const { name, kind } = this.property
    if (kind === 'integer') return 'an integer below 2^53'
    if (kind === 'logical') return 'T or F'
    return name === 'pos' ? 'a finite number' : 'a number'
  }

  /** The values as they are, numbers for numeric kinds. */
  values(): readonly (string | number)[] {
    return this.property.kind === 'string' ? this.#strings : this.#numbers
  }

  finish(): AtomArray {
    const { kind, components } = this.property
    switch (kind) {
      case 'real':
      case 'integer':
        return { kind, components, data: Float64Array.from(this.#numbers) }
      case 'logical':
        return { kind, components, data: Uint8Array.from(this.#numbers) }
      case 'string':
        return { kind, components, data: this.#strings }
    }
  }
}
