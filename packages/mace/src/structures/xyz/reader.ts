import { InputError } from '@equivar/core'
import { throwIfAborted } from '../cooperation.ts'
import type { Structure } from '../structure.ts'
import { XyzError } from './error.ts'
import { FrameParser } from './frame-parser.ts'

/** Where extended XYZ comes from. A string is the text itself, not a path. */
export type XyzSource = string | Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>

export interface XyzOptions {
  readonly signal?: AbortSignal | undefined
  /** Longer lines are refused; default 2^20 characters. */
  readonly maxLineLength?: number | undefined
  /** Frames that declare more atoms are refused; default 10,000,000. */
  readonly maxAtoms?: number | undefined
}

const defaultLineLength = 2 ** 20
const defaultMaxAtoms = 10_000_000
/** Pieces of an in-memory source, so that a large one is not turned into one string. */
const pieceSize = 2 ** 18

/**
 * Reads the structures of an extended XYZ file one after the other, in memory that holds one structure and a piece of
 * the file. Numbers keep the file's units: Å, eV, eV/Å, eV/Å³.
 *
 * The comment line follows ASE's conventions: `key=value`, quotes, lists in brackets or braces, bare flags, `_JSON`
 * values, `Lattice` (vectors a, b, c one after the other), `Properties`, `pbc`. Plain XYZ (`symbol x y z`), CRLF, extra
 * columns, blank lines between frames, atomic numbers for symbols and Fortran exponents are read as well.
 *
 * @example
 * for await (const structure of readXyz(await fetch(url).then((r) => r.blob()))) console.log(structure.numAtoms)
 *
 * @throws XyzError (a FormatError) with line and column of whatever does not fit.
 * @throws the signal's reason once it is aborted.
 */
export async function* readXyz(source: XyzSource, options: XyzOptions = {}): AsyncGenerator<Structure, void, undefined> {
  const splitter = new LineSplitter(options.maxLineLength ?? defaultLineLength)
  const parser = new FrameParser(options.maxAtoms ?? defaultMaxAtoms)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const chunk of chunks(source)) {
    throwIfAborted(options.signal)
    const text = typeof chunk === 'string' ? chunk : decode(decoder, chunk, splitter.numLines + 1)
    for (const line of splitter.push(text)) {
      const structure = parser.push(line)
      if (structure !== null) {
        yield structure
        throwIfAborted(options.signal)
      }
    }
  }
  const rest = splitter.push(decode(decoder, null, splitter.numLines + 1))
  for (const line of [...rest, ...splitter.end()]) {
    const structure = parser.push(line)
    if (structure !== null) yield structure
  }
  parser.end()
}

/**
 * All structures of an extended XYZ text; see {@link readXyz}.
 *
 * @throws XyzError (a FormatError) with line and column of whatever does not fit.
 */
export function parseXyz(text: string, options: Omit<XyzOptions, 'signal'> = {}): Structure[] {
  const splitter = new LineSplitter(options.maxLineLength ?? defaultLineLength)
  const parser = new FrameParser(options.maxAtoms ?? defaultMaxAtoms)
  const structures: Structure[] = []
  const take = (lines: Iterable<string>) => {
    for (const line of lines) {
      const structure = parser.push(line)
      if (structure !== null) structures.push(structure)
    }
  }
  take(splitter.push(text))
  take(splitter.end())
  parser.end()
  return structures
}

/** Cuts a stream of text into lines at line feeds; a carriage return before one belongs to the end of the line. */
class LineSplitter {
  readonly #maxLength: number
  #rest = ''
  #numLines = 0

  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** Lines given out so far. */
  get numLines(): number {
    return this.#numLines
  }

  *push(text: string): Generator<string, void, undefined> {
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const line = this.#rest + text.slice(start, end)
      this.#rest = ''
      start = end + 1
      yield this.#give(line)
    }
    this.#rest += text.slice(start)
    this.#check(this.#rest)
  }

  *end(): Generator<string, void, undefined> {
    if (this.#rest !== '') yield this.#give(this.#rest)
    this.#rest = ''
  }

  #give(line: string): string {
    this.#check(line)
    const number = this.#numLines++
    const clean = number === 0 && line.startsWith('\uFEFF') ? line.slice(1) : line
    if (clean.includes('\0')) throw new XyzError(number + 1, clean.indexOf('\0') + 1, 'expected text, found a zero byte: this is not an XYZ file')
    return clean.endsWith('\r') ? clean.slice(0, -1) : clean
  }

  #check(line: string): void {
    if (line.length > this.#maxLength) throw new XyzError(this.#numLines + 1, this.#maxLength + 1, `the line is longer than ${this.#maxLength} characters`)
  }
}

/** `null` flushes the decoder. */
function decode(decoder: TextDecoder, bytes: Uint8Array | null, line: number): string {
  try {
    return bytes === null ? decoder.decode() : decoder.decode(bytes, { stream: true })
  } catch (cause) {
    throw new XyzError(line, 1, 'expected UTF-8 text at or after this line, found other bytes: this is not an XYZ file', { cause })
  }
}

async function* chunks(source: XyzSource): AsyncGenerator<Uint8Array | string, void, undefined> {
  if (typeof source === 'string') {
    for (let i = 0; i < source.length; i += pieceSize) yield source.slice(i, i + pieceSize)
  } else if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
    const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source
    for (let i = 0; i < bytes.length; i += pieceSize) yield bytes.subarray(i, i + pieceSize)
  } else if (source instanceof Blob) {
    yield* streamChunks(source.stream())
  } else if (source instanceof ReadableStream) {
    yield* streamChunks(source)
  } else {
    requireIterable(source)
    yield* source
  }
}

/** Through a reader: not every browser can iterate a ReadableStream. */
async function* streamChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader()
  let finished = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      finished = done
      if (done) return
      yield value
    }
  } finally {
    if (!finished) await reader.cancel()
    reader.releaseLock()
  }
}

function requireIterable(source: unknown): void {
  if (typeof source === 'object' && source !== null && Symbol.asyncIterator in source) return
  throw new InputError(`cannot read XYZ from ${source === null ? 'null' : typeof source}; give text, bytes, a Blob or a stream`)
}
