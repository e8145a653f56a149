import { LineProblem, quote } from './error.ts'
import type { RawValue } from './value.ts'

/** One `key=value` of a comment line, or a bare flag (no value). */
export interface RawEntry {
  readonly key: string
  /** Where the key began, counted from 1. */
  readonly column: number
  readonly value: RawValue | null
}

/**
 * Splits a comment line into its entries: `key=word`, `key="quoted text"`, `key='…'`, `key={…}`, `key=[…]`, `flag`;
 * keys may be quoted, blanks may surround the equals sign, and a backslash protects quotes and itself.
 *
 * @throws LineProblem
 */
export function splitComment(line: string): RawEntry[] {
  const entries: RawEntry[] = []
  let position = skipBlanks(line, 0)
  while (position < line.length) {
    const start = position
    let key: string
    if (isQuote(line[position])) {
      const quoted = readQuoted(line, position)
      key = quoted.text
      position = quoted.end
    } else {
      while (position < line.length && line[position] !== '=' && !isBlank(line[position])) position++
      key = line.slice(start, position)
    }
    if (key === '') throw new LineProblem(start + 1, `expected a key, found ${quote(line.slice(start))}`)
    const equals = skipBlanks(line, position)
    if (line[equals] !== '=') {
      entries.push({ key, column: start + 1, value: null })
      position = equals
      continue
    }
    const read = readValue(line, equals + 1)
    entries.push({ key, column: start + 1, value: read.value })
    position = skipBlanks(line, read.end)
  }
  return entries
}

function readValue(line: string, afterEquals: number): { readonly value: RawValue; readonly end: number } {
  const start = skipBlanks(line, afterEquals)
  // `empty= next=5`: the word after the blank is the next entry, not a value.
  if (start >= line.length || (start > afterEquals && /^[^\s="'{[]+=/.test(line.slice(start, start + 256)))) {
    return { value: { text: '', form: 'quoted', column: afterEquals + 1 }, end: start }
  }
  const first = line[start]
  if (isQuote(first)) {
    const { text, end } = readQuoted(line, start)
    return { value: { text, form: 'quoted', column: start + 1 }, end }
  }
  if (first === '{' || first === '[') {
    const end = findClosing(line, start)
    return { value: { text: line.slice(start, end), form: 'nested', column: start + 1 }, end }
  }
  let end = start
  while (end < line.length && !isBlank(line[end])) end++
  return { value: { text: line.slice(start, end), form: 'bare', column: start + 1 }, end }
}

function readQuoted(line: string, start: number): { readonly text: string; readonly end: number } {
  const mark = line[start]
  const parts: string[] = []
  let from = start + 1
  for (let i = from; i < line.length; i++) {
    if (line[i] === mark) {
      parts.push(line.slice(from, i))
      return { text: parts.join(''), end: i + 1 }
    }
    if (line[i] === '\\' && (isQuote(line[i + 1]) || line[i + 1] === '\\')) {
      parts.push(line.slice(from, i))
      from = i + 1
      i++
    }
  }
  throw new LineProblem(start + 1, `the quote that begins here is not closed: ${quote(line.slice(start))}`)
}

/** End of a bracketed value: the place after the bracket that closes the first one. Quotes inside protect brackets. */
function findClosing(line: string, start: number): number {
  let depth = 0
  for (let i = start; i < line.length; i++) {
    const c = line[i]
    if (c === '[' || c === '{') depth++
    else if ((c === ']' || c === '}') && --depth === 0) return i + 1
    else if (isQuote(c)) i = readQuoted(line, i).end - 1
  }
  throw new LineProblem(start + 1, `the bracket that begins here is not closed: ${quote(line.slice(start))}`)
}

function skipBlanks(line: string, from: number): number {
  let position = from
  while (position < line.length && isBlank(line[position])) position++
  return position
}

function isBlank(c: string | undefined): boolean {
  return c !== undefined && /\s/.test(c)
}

function isQuote(c: string | undefined): boolean {
  return c === '"' || c === "'"
}
