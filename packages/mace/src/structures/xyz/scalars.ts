// Digits are matched without overlapping alternatives, so that a very long token cannot cause backtracking.
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?$/
const integer = /^[+-]?\d+$/
const special = /^([+-]?)(?:(nan)|inf(?:inity)?)$/i
const truth: ReadonlyMap<string, boolean> = new Map([
  ...['T', 'True', 'true', 'TRUE', '.true.', '.TRUE.'].map((word) => [word, true] as const),
  ...['F', 'False', 'false', 'FALSE', '.false.', '.FALSE.'].map((word) => [word, false] as const),
])

/**
 * A real number as C, Python or Fortran print it (`1.5D-3` too), `nan` and `inf` included; `undefined` for anything
 * else. A number beyond the range of float64 is not silently infinite: it is `undefined` as well.
 */
export function parseReal(token: string): number | undefined {
  if (decimal.test(token)) {
    const value = Number(token)
    const number = Number.isNaN(value) ? Number(token.replace(/[dD]/, 'e')) : value
    return Number.isFinite(number) ? number : undefined
  }
  const match = special.exec(token)
  if (match === null) return undefined
  return match[2] !== undefined ? NaN : match[1] === '-' ? -Infinity : Infinity
}

/** An integer that float64 holds exactly, else `undefined`. */
export function parseInteger(token: string): number | undefined {
  if (!integer.test(token)) return undefined
  const value = Number(token)
  return Number.isSafeInteger(value) ? value + 0 : undefined
}

export function parseLogical(token: string): boolean | undefined {
  return truth.get(token)
}

/**
 * Number, logical or string, whichever a bare word is. Integers that float64 cannot hold (serial numbers, hashes) stay
 * strings rather than lose digits.
 */
export function parseScalar(token: string): number | boolean | string {
  if (integer.test(token)) return parseInteger(token) ?? token
  return parseLogical(token) ?? parseReal(token) ?? token
}

/** Shortest decimal text that reads back to the same bits, recognisable as a real number. */
export function formatReal(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

/** Like {@link formatReal}, but whole numbers print as integers. */
export function formatNumber(value: number): string {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : formatReal(value)
}
