import { FormatError, InputError } from '@equivar/core'
import { stat } from 'node:fs/promises'
import { chemicalSymbol, readXyz, referenceLabels, type LabelKeys, type ReferenceLabels, type Structure } from '../structures/index.ts'
import { readXyzFile } from '../node/xyz-file.ts'
import type { CliContext } from './context.ts'

export interface LabelledStructure {
  /** Position in the file, from 0. */
  readonly index: number
  readonly structure: Structure
  readonly labels: ReferenceLabels
}

/** Structures of a file that was read and checked once from end to end, so that its faults show before any work is done. */
export interface StructureFile {
  readonly count: number
  readonly numAtoms: number
  read(): AsyncIterable<LabelledStructure>
}

/**
 * Reads a file through. A regular file is read again for its structures; standard input (`-`) and pipes, which cannot be
 * read twice, are kept in memory.
 *
 * @throws FormatError, InputError naming the structure, also for elements that the model does not know.
 */
export async function openStructures(
  path: string,
  knownElements: readonly number[],
  keys: LabelKeys,
  context: Pick<CliContext, 'stdin' | 'signal'>,
): Promise<StructureFile> {
  const options = { signal: context.signal }
  const regular = path !== '-' && (await stat(path)).isFile()
  const source = () => namingFile(path === '-' ? 'standard input' : path, path === '-' ? readXyz(context.stdin, options) : readXyzFile(path, options))
  const kept: LabelledStructure[] = []
  let count = 0
  let numAtoms = 0
  for await (const item of labelled(source(), keys)) {
    requireKnownElements(item, knownElements)
    count++
    numAtoms += item.structure.numAtoms
    if (!regular) kept.push(item)
  }
  return { count, numAtoms, read: () => (regular ? labelled(source(), keys) : fromMemory(kept)) }
}

async function* labelled(structures: AsyncIterable<Structure>, keys: LabelKeys): AsyncGenerator<LabelledStructure, void, undefined> {
  let index = 0
  for await (const structure of structures) {
    yield { index, structure, labels: labelsOf(structure, keys, index) }
    index++
  }
}

async function* namingFile(name: string, structures: AsyncIterable<Structure>): AsyncGenerator<Structure, void, undefined> {
  try {
    yield* structures
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${name}: ${error.message}`, { cause: error })
    throw error
  }
}

async function* fromMemory(items: readonly LabelledStructure[]): AsyncGenerator<LabelledStructure, void, undefined> {
  yield* items
}

function labelsOf(structure: Structure, keys: LabelKeys, index: number): ReferenceLabels {
  try {
    return referenceLabels(structure, keys)
  } catch (error) {
    if (error instanceof FormatError || error instanceof InputError) throw new InputError(`structure ${index}: ${error.message}`, { cause: error })
    throw error
  }
}

function requireKnownElements({ structure, index }: LabelledStructure, known: readonly number[]): void {
  const unknown = [...new Set(structure.atomicNumbers)].filter((z) => !known.includes(z))
  if (unknown.length === 0) return
  throw new InputError(
    `structure ${index} holds ${unknown.map(chemicalSymbol).join(', ')}, which the model does not know; it knows ${known.map(chemicalSymbol).join(', ')}`,
  )
}
