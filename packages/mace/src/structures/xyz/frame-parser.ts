import { EquivarError } from '@equivar/core'
import type { AtomArray } from '../atom-arrays.ts'
import { findAtomicNumber, maxAtomicNumber } from '../elements.ts'
import { Structure } from '../structure.ts'
import { ColumnBuilder } from './columns.ts'
import { LineProblem, quote, XyzError } from './error.ts'
import { parseHeader, type Header } from './header.ts'
import { parseInteger } from './scalars.ts'

/** A frame of which the atom lines are still arriving. */
interface OpenFrame {
  readonly declared: number
  readonly header: Header
  readonly headerLine: number
  readonly columns: readonly ColumnBuilder[]
  readonly numColumns: number
  numAtoms: number
}

/**
 * Takes lines one at a time and gives a {@link Structure} whenever a frame is complete. Memory grows with the lines that
 * really arrive, never with a declared count.
 */
export class FrameParser {
  readonly #maxAtoms: number
  #lineNumber = 0
  /** The count of a frame whose comment line comes next. */
  #declared: number | null = null
  #frame: OpenFrame | null = null
  #numFrames = 0

  constructor(maxAtoms: number) {
    this.#maxAtoms = maxAtoms
  }

  /** @throws XyzError */
  push(line: string): Structure | null {
    this.#lineNumber++
    try {
      if (this.#frame !== null) return this.#atomLine(this.#frame, line)
      if (this.#declared !== null) this.#commentLine(this.#declared, line)
      else this.#countLine(line)
      return null
    } catch (error) {
      if (error instanceof LineProblem) throw new XyzError(this.#lineNumber, error.column, error.message, { cause: error })
      throw error
    }
  }

  /** @throws XyzError when the text ends within a frame, or holds no frame. */
  end(): void {
    const next = this.#lineNumber + 1
    if (this.#frame !== null) {
      throw new XyzError(next, 1, `expected ${this.#frame.declared} atom lines, but the file ends after ${this.#frame.numAtoms}`)
    }
    if (this.#declared !== null) throw new XyzError(next, 1, 'expected a comment line, but the file ends')
    if (this.#numFrames === 0) throw new XyzError(next, 1, 'expected at least one structure, but the file is empty')
  }

  #countLine(line: string): void {
    const text = line.trim()
    if (text === '') return
    const column = line.indexOf(text) + 1
    const hint = this.#numFrames > 0 ? ' (does the frame before it hold more atoms than its count says?)' : ''
    const count = parseInteger(text)
    if (count === undefined && !/^[+-]?\d+$/.test(text)) throw new LineProblem(column, `expected the number of atoms, found ${quote(text)}${hint}`)
    if (count === undefined || count < 1 || count > this.#maxAtoms) {
      throw new LineProblem(column, `expected a number of atoms from 1 to ${this.#maxAtoms}, found ${quote(text)}`)
    }
    this.#declared = count
  }

  #commentLine(declared: number, line: string): void {
    const header = this.#located(() => parseHeader(line))
    const columns: ColumnBuilder[] = []
    let numColumns = 0
    for (const property of header.properties) {
      columns.push(new ColumnBuilder(property, numColumns))
      numColumns += property.components
    }
    const position = header.properties.find((p) => p.name === 'pos')
    if (position?.kind !== 'real' || position.components !== 3) {
      throw new LineProblem(1, 'expected Properties to name the positions as pos:R:3')
    }
    const species = header.properties.find((p) => p.name === 'species') ?? header.properties.find((p) => p.name === 'Z')
    if (species?.components !== 1 || (species.kind !== 'string' && species.kind !== 'integer')) {
      throw new LineProblem(1, 'expected Properties to name the elements as species:S:1 or Z:I:1')
    }
    this.#frame = { declared, header, headerLine: this.#lineNumber, columns, numColumns, numAtoms: 0 }
    this.#declared = null
  }

  #atomLine(frame: OpenFrame, line: string): Structure | null {
    const tokens = line.trim().split(/\s+/, frame.numColumns)
    if (tokens.length < frame.numColumns || tokens[0] === '') {
      const found = tokens[0] === '' ? 'an empty line' : `${tokens.length} in ${quote(line.trim())}`
      throw new LineProblem(
        line.trimEnd().length + 1,
        `expected ${frame.numColumns} columns for atom ${frame.numAtoms + 1} of ${frame.declared}, found ${found}`,
      )
    }
    const locate = (index: number) => tokenColumn(line, index)
    for (const column of frame.columns) column.push(tokens, locate)
    for (const { property, first } of frame.columns) {
      if (property.name === 'species' || property.name === 'Z') readElement(tokens[first] ?? '', () => locate(first))
    }
    frame.numAtoms++
    return frame.numAtoms < frame.declared ? null : this.#complete(frame)
  }

  #complete(frame: OpenFrame): Structure {
    const arrays = new Map<string, AtomArray>()
    let positions: ArrayLike<number> = []
    let species: number[] | null = null
    for (const column of frame.columns) {
      const { name } = column.property
      if (name === 'pos') positions = column.finish().data as Float64Array
      else if (name !== 'species' && name !== 'Z') arrays.set(name, column.finish())
      else species = this.#mergeSpecies(frame, species, column)
    }
    const { cell, pbc, info } = frame.header
    const structure = this.#located(() => new Structure({ atomicNumbers: species ?? [], positions, cell, pbc, info, arrays }), frame.headerLine)
    this.#frame = null
    this.#numFrames++
    return structure
  }

  /** Numbers of `species` and `Z`, which must agree when a file has both. */
  #mergeSpecies(frame: OpenFrame, before: readonly number[] | null, column: ColumnBuilder): number[] {
    const numbers = column.values().map((value) => readElement(String(value), () => 1))
    const conflict = before === null ? -1 : numbers.findIndex((z, atom) => z !== before[atom])
    if (conflict >= 0) throw new XyzError(frame.headerLine + 1 + conflict, 1, `the columns species and Z name different elements for atom ${conflict + 1}`)
    return numbers
  }

  /** Gives problems that do not know where they are the place of the comment line. */
  #located<T>(work: () => T, line = this.#lineNumber): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof EquivarError) throw new XyzError(line, 1, error.message, { cause: error })
      throw error
    }
  }
}

/** A symbol, or an atomic number in its place. @throws LineProblem */
function readElement(token: string, column: () => number): number {
  const found = /^\d{1,3}$/.test(token) ? Number(token) : findAtomicNumber(token)
  if (found === undefined || found < 1 || found > maxAtomicNumber) {
    throw new LineProblem(column(), `expected a chemical symbol (H to Og) or an atomic number, found ${quote(token)}`)
  }
  return found
}

/** Column, counted from 1, of a token by its index. */
function tokenColumn(line: string, index: number): number {
  const words = line.matchAll(/\S+/g)
  let seen = 0
  for (const word of words) {
    if (seen++ === index) return word.index + 1
  }
  return line.length + 1
}
