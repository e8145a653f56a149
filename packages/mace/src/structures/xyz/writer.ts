import { InputError } from '@equivar/core'
import { chemicalSymbol } from '../elements.ts'
import { isInfoList, sameInfo, type InfoValue } from '../info.ts'
import type { AtomArray } from '../atom-arrays.ts'
import type { Structure } from '../structure.ts'
import { splitComment } from './comment.ts'
import { LineProblem } from './error.ts'
import { formatNumber, formatReal } from './scalars.ts'
import { formatJson, parseValue } from './value.ts'

const letters = { real: 'R', integer: 'I', logical: 'L', string: 'S' } as const

/**
 * One structure as extended XYZ text, with a final line feed. Reading it back gives the same structure, to the last bit:
 * numbers have the fewest digits that do so, and values that the plain notation cannot express are written as `_JSON`.
 *
 * @throws InputError when a string column holds an empty string or blanks, which the format cannot express.
 */
export function formatXyz(structure: Structure): string {
  const { numAtoms, positions, arrays } = structure
  const lines = [String(numAtoms), formatComment(structure)]
  for (const [name, array] of arrays) requireWords(name, array)
  for (let atom = 0; atom < numAtoms; atom++) {
    const words = [chemicalSymbol(structure.atomicNumbers[atom] ?? 0).padEnd(2)]
    for (let k = 3 * atom; k < 3 * atom + 3; k++) words.push(formatReal(positions[k] ?? NaN).padStart(20))
    for (const array of arrays.values()) {
      for (let k = atom * array.components; k < (atom + 1) * array.components; k++) words.push(formatEntry(array, k))
    }
    lines.push(words.join(' '))
  }
  return `${lines.join('\n')}\n`
}

function formatComment({ cell, pbc, info, arrays }: Structure): string {
  const columns = [...arrays].map(([name, { kind, components }]) => `:${name}:${letters[kind]}:${components}`)
  const words = [`Properties=species:S:1:pos:R:3${columns.join('')}`]
  if (cell !== null) words.unshift(`Lattice="${Array.from(cell, formatReal).join(' ')}"`)
  for (const [key, value] of info) words.push(`${formatKey(key)}=${formatValue(value)}`)
  words.push(`pbc="${pbc.map((flag) => (flag ? 'T' : 'F')).join(' ')}"`)
  return words.join(' ')
}

function formatKey(key: string): string {
  const text = /^[^\s"'={}[\],\\]+$/.test(key) ? key : quoted(key)
  if (hasControls(key)) throw new InputError(`the key ${JSON.stringify(key)} of info holds control characters; extended XYZ cannot express it`)
  return text
}

/** The plain notation where it reads back as the same value, else JSON. */
function formatValue(value: InfoValue): string {
  const plain = plainNotation(value)
  return plain !== null && readsBack(plain, value) ? plain : quoted(`_JSON ${formatJson(value)}`)
}

function plainNotation(value: InfoValue): string | null {
  if (typeof value === 'boolean') return value ? 'T' : 'F'
  if (typeof value === 'number') return formatNumber(value)
  if (typeof value === 'string') {
    if (hasControls(value)) return null
    return /^[^\s"'={}[\],\\]+$/.test(value) ? value : quoted(value)
  }
  if (!isInfoList(value)) return null
  const words = value.map((item) => (typeof item === 'number' || typeof item === 'boolean' ? plainNotation(item) : null))
  return words.includes(null) ? null : quoted(words.join(' '))
}

function readsBack(text: string, value: InfoValue): boolean {
  try {
    const [entry, ...others] = splitComment(`k=${text}`)
    const raw = entry?.value ?? null
    return others.length === 0 && raw !== null && sameInfo(parseValue(raw), value)
  } catch (error) {
    if (error instanceof LineProblem) return false
    throw error
  }
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** Control characters, line separators and lone surrogates: whatever a line of UTF-8 text does not carry safely. */
function hasControls(text: string): boolean {
  return /[\p{Cc}\p{Cs}\u2028\u2029\uFEFF]/u.test(text)
}

function formatEntry(array: AtomArray, index: number): string {
  switch (array.kind) {
    case 'real':
      return formatReal(array.data[index] ?? NaN).padStart(20)
    case 'integer':
      return String(array.data[index]).padStart(4)
    case 'logical':
      return array.data[index] === 1 ? 'T' : 'F'
    case 'string':
      return array.data[index] ?? ''
  }
}

function requireWords(name: string, array: AtomArray): void {
  if (array.kind !== 'string') return
  const index = array.data.findIndex((word) => word === '' || /\s/.test(word) || hasControls(word))
  if (index >= 0) {
    throw new InputError(`value ${index} of array ${name} is ${JSON.stringify(array.data[index])}; a column of extended XYZ needs words without blanks`)
  }
}
