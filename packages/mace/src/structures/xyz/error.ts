import { FormatError } from '@equivar/core'

/** A malformed extended XYZ file: where, what was expected and what was found. Lines and columns count from 1. */
export class XyzError extends FormatError {
  readonly line: number
  readonly column: number

  constructor(line: number, column: number, problem: string, options?: { readonly cause?: unknown }) {
    super(`XYZ line ${line}, column ${column}: ${problem}`, options)
    this.line = line
    this.column = column
  }
}

/** A problem at a place in one line, before the line's number is known. */
export class LineProblem extends Error {
  readonly column: number

  constructor(column: number, problem: string) {
    super(problem)
    this.column = column
  }
}

/** Text from a file, made fit for a one-line message: quoted, escaped, at most about 40 characters. */
export function quote(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return JSON.stringify(short).replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
