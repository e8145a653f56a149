import type { Periodicity } from '../cell.ts'
import { freezeInfo, sameInfo, type InfoValue } from '../info.ts'
import { parseProperties, plainProperties, type Property } from './columns.ts'
import { splitComment, type RawEntry } from './comment.ts'
import { LineProblem, quote } from './error.ts'
import { parseLogical, parseReal } from './scalars.ts'
import { parseValue, type RawValue } from './value.ts'

/** What a comment line says. */
export interface Header {
  readonly properties: readonly Property[]
  readonly cell: readonly number[] | null
  readonly pbc: Periodicity | undefined
  readonly info: ReadonlyMap<string, InfoValue>
}

/**
 * Reads the comment line. Without `Properties` and `Lattice` the line may be free text: where it does not follow the
 * grammar it is kept whole under the key `comment`.
 *
 * @throws LineProblem
 */
export function parseHeader(line: string): Header {
  if (/(?:^|\s)["']?(?:Properties|Lattice)["']?\s*=/.test(line)) return readEntries(splitComment(line))
  try {
    return readEntries(splitComment(line))
  } catch (error) {
    if (!(error instanceof LineProblem)) throw error
    return { properties: plainProperties, cell: null, pbc: undefined, info: new Map([['comment', line.trim()]]) }
  }
}

function readEntries(entries: readonly RawEntry[]): Header {
  let properties = plainProperties
  let cell: readonly number[] | null = null
  let pbc: Periodicity | undefined
  const info = new Map<string, InfoValue>()
  const seen = new Map<string, InfoValue>()
  for (const { key, column, value } of entries) {
    const parsed = value === null ? true : freezeValue(value, key)
    const before = seen.get(key)
    if (before !== undefined && !sameInfo(before, parsed)) throw new LineProblem(column, `the key ${quote(key)} occurs twice with different values`)
    seen.set(key, parsed)
    if (key === 'Properties') properties = parseProperties(value?.text ?? '', column)
    else if (key === 'Lattice') cell = parseLattice(value, column)
    else if (key === 'pbc') pbc = parsePbc(value, column)
    else info.set(key, parsed)
  }
  return { properties, cell, pbc, info }
}

function freezeValue(value: RawValue, key: string): InfoValue {
  return freezeInfo(parseValue(value), key)
}

/** Nine numbers, the vectors a, b, c one after the other. */
function parseLattice(value: RawValue | null, column: number): number[] {
  const words = splitWords(value)
  const numbers = words.map(parseReal)
  if (words.length !== 9 || !numbers.every((x): x is number => x !== undefined && Number.isFinite(x))) {
    throw new LineProblem(value?.column ?? column, `expected nine finite numbers for Lattice, found ${quote(value?.text ?? 'nothing')}`)
  }
  return numbers
}

/** Three logicals (`T T F`, `[true, true, false]`, `1 1 0`, `TTF`). */
function parsePbc(value: RawValue | null, column: number): Periodicity {
  const words = splitWords(value)
  const single = words.length === 1 && /^[TF]{3}$/.test(words[0] ?? '') ? (words[0] ?? '').split('') : words
  const [a, b, c] = single.map((word) => (word === '1' ? true : word === '0' ? false : parseLogical(word)))
  if (single.length !== 3 || a === undefined || b === undefined || c === undefined) {
    throw new LineProblem(value?.column ?? column, `expected three logicals such as "T T F" for pbc, found ${quote(value?.text ?? 'nothing')}`)
  }
  return [a, b, c]
}

function splitWords(value: RawValue | null): string[] {
  return (value?.text ?? '').split(/[\s,[\]{}"']+/).filter((word) => word !== '')
}
