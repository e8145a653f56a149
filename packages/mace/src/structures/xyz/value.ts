import { isInfoList, maxInfoDepth, type InfoValue } from '../info.ts'
import { LineProblem, quote } from './error.ts'
import { formatNumber, parseScalar } from './scalars.ts'

/** How a value stood in the comment line: bare, in quotes, in braces or in brackets (delimiters removed from quotes only). */
export interface RawValue {
  readonly text: string
  readonly form: 'bare' | 'quoted' | 'nested'
  /** Where it began, counted from 1. */
  readonly column: number
}

/**
 * The meaning of a value: `_JSON …` is JSON; brackets and braces are (nested) lists; several words that are all numbers
 * or all logicals are a list; one word is a number, a logical or a string; anything else is a string.
 */
export function parseValue(raw: RawValue): InfoValue {
  if (/^_JSON\s/.test(raw.text)) return parseJson(raw.text.slice(6), raw.column)
  if (raw.form === 'nested') return parseNested(raw)
  if (raw.form === 'bare') return parseScalar(raw.text)
  return parseWords(raw.text)
}

function parseWords(text: string): InfoValue {
  const words = text.split(/\s+/).filter((word) => word !== '')
  if (words.length === 0) return text
  const values = words.map(parseScalar)
  const [first] = values
  if (typeof first === 'string' || !values.every((value) => typeof value === typeof first)) return text
  return values.length === 1 && first !== undefined ? first : values
}

const token = /\s*(?:([[{])|([\]}])|(,)|"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|([^\s[\]{},"']+))/y

/** `[[1, 2], [3, 4]]`, `{1 2 3}`: elements separated by commas or blanks. Uses an explicit stack, so depth is a limit and not a crash. */
function parseNested({ text, column }: RawValue): InfoValue {
  const stack: InfoValue[][] = [[]]
  const closers: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (match === null) {
      if (text.slice(at).trim() === '') break
      throw new LineProblem(column + at, `expected a list, found ${quote(text.slice(at))}`)
    }
    const [, open, close, , double, single, bare] = match
    const top = stack[stack.length - 1] ?? []
    if (open !== undefined) {
      if (stack.length > maxInfoDepth) throw new LineProblem(column + at, `lists are nested deeper than ${maxInfoDepth} levels`)
      const list: InfoValue[] = []
      top.push(list)
      stack.push(list)
      closers.push(open === '[' ? ']' : '}')
    } else if (close !== undefined) {
      const expected = closers.pop()
      if (expected !== close) throw new LineProblem(column + at, `expected ${quote(expected ?? 'a value')}, found ${quote(close)}`)
      stack.pop()
    } else if (bare !== undefined) {
      top.push(parseScalar(bare))
    } else if (double !== undefined || single !== undefined) {
      top.push((double ?? single ?? '').replace(/\\(["'\\])/g, '$1'))
    }
  }
  const root = stack[0]?.[0]
  if (closers.length > 0 || root === undefined) throw new LineProblem(column, `the list that begins here is not closed`)
  // `{word}` and `{5}` are old-style quotes around one value.
  const single = text.startsWith('{') && isInfoList(root) && root.length === 1 ? root[0] : undefined
  return single === undefined || typeof single === 'object' ? root : single
}

/** Stands for a number that JSON proper cannot write; Python writes NaN and Infinity. */
const nonFinite: ReadonlyMap<string, number> = new Map([
  ['\u0000NaN', NaN],
  ['\u0000Infinity', Infinity],
  ['\u0000-Infinity', -Infinity],
])

function parseJson(text: string, column: number): InfoValue {
  requireShallow(text, column)
  const strict = text.replace(/"(?:[^"\\]|\\[^])*"|-?Infinity|NaN/g, (match) => (match.startsWith('"') ? match : `"\\u0000${match}"`))
  let value: unknown
  try {
    value = JSON.parse(strict, (_, item: unknown) => (typeof item === 'string' ? (nonFinite.get(item) ?? item) : item))
  } catch {
    throw new LineProblem(column, `expected JSON after _JSON, found ${quote(text)}`)
  }
  return value as InfoValue
}

/** Refuses what JSON.parse should not be handed: deep nesting, which exhausts the stack of its reviver. */
function requireShallow(text: string, column: number): void {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (quoted) {
      if (c === '\\') i++
      else if (c === '"') quoted = false
    } else if (c === '"') quoted = true
    else if (c === '[' || c === '{') depth++
    else if (c === ']' || c === '}') depth--
    if (depth > maxInfoDepth) throw new LineProblem(column, `JSON is nested deeper than ${maxInfoDepth} levels`)
  }
  // Also keeps the replacement below linear: with every quote closed it never looks at a character twice.
  if (quoted) throw new LineProblem(column, 'a quote inside the JSON is not closed')
}

/** JSON with numbers that read back to the same bits: −0 keeps its sign, NaN and infinities are written as Python does. */
export function formatJson(value: InfoValue): string {
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'NaN'
    return Number.isFinite(value) ? formatNumber(value) : value > 0 ? 'Infinity' : '-Infinity'
  }
  if (isInfoList(value)) return `[${value.map(formatJson).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value).map(([key, item]: [string, InfoValue]) => `${JSON.stringify(key)}: ${formatJson(item)}`).join(', ')}}`
  }
  return JSON.stringify(value)
}
