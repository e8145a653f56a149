import { chemicalSymbol, type Structure } from '../structures/index.ts'
import { ErrorStatistics } from './error-statistics.ts'
import type { CliEvaluation } from './context.ts'
import type { LabelledStructure } from './structure-files.ts'

/** More structures than this are summed up rather than listed. */
const maxListed = 20

/** Gathers what a terminal shows after an evaluation: a line for each of the first structures, and errors against the file's labels. */
export class Report {
  readonly #rows: string[][] = [['#', 'formula', 'atoms', 'energy / eV', 'max |F| / (eV/Å)']]
  readonly #energy = new ErrorStatistics()
  readonly #energyPerAtom = new ErrorStatistics()
  readonly #forces = new ErrorStatistics()
  readonly #stress = new ErrorStatistics()
  #count = 0

  add({ index, structure, labels }: LabelledStructure, result: CliEvaluation): void {
    this.#count++
    if (index < maxListed) {
      const force = result.forces === undefined ? '' : largestNorm(result.forces).toFixed(4)
      this.#rows.push([String(index), formula(structure), String(structure.numAtoms), result.energy.toFixed(6), force])
    }
    if (labels.energy !== null) {
      this.#energy.add(result.energy - labels.energy)
      this.#energyPerAtom.add((result.energy - labels.energy) / structure.numAtoms)
    }
    if (labels.forces !== null && result.forces !== undefined) this.#forces.addAll(result.forces, labels.forces)
    if (labels.stress !== null && result.stress !== undefined) this.#stress.addAll(result.stress, labels.stress)
  }

  /** The list of structures. */
  structures(): string {
    const more = this.#count > maxListed ? `… and ${this.#count - maxListed} more; --json or --out gives all of them\n` : ''
    return table(this.#rows, [1]) + more
  }

  /** The errors; empty when the file held no reference values. */
  errors(): string {
    const kinds: readonly (readonly [string, ErrorStatistics, string])[] = [
      ['energy', this.#energy, 'meV'],
      ['energy per atom', this.#energyPerAtom, 'meV/atom'],
      ['forces', this.#forces, 'meV/Å'],
      ['stress', this.#stress, 'meV/Å³'],
    ]
    const rows = kinds
      .filter(([, statistics]) => statistics.count > 0)
      .map(([name, { meanAbsolute, rootMeanSquare }, unit]) => [name, (1000 * meanAbsolute).toFixed(3), (1000 * rootMeanSquare).toFixed(3), unit])
    return rows.length === 0 ? '' : table([['error against the file', 'MAE', 'RMSE', ''], ...rows], [0, 3])
  }
}

/** Rows with aligned columns: those named in `textColumns` to the left, numbers to the right. */
export function table(rows: readonly (readonly string[])[], textColumns: readonly number[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number) => (textColumns.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))
  return rows.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('')
}

/** Hill notation: C, H, then the rest by name. */
function formula(structure: Structure): string {
  const counts = new Map<string, number>()
  for (const z of structure.atomicNumbers) counts.set(chemicalSymbol(z), (counts.get(chemicalSymbol(z)) ?? 0) + 1)
  const organic = counts.has('C') ? ['C', 'H'].filter((symbol) => counts.has(symbol)) : []
  const others = [...counts.keys()].filter((symbol) => !organic.includes(symbol)).sort()
  return [...organic, ...others].map((symbol) => `${symbol}${counts.get(symbol) === 1 ? '' : String(counts.get(symbol))}`).join('')
}

function largestNorm(forces: Float64Array): number {
  let largest = 0
  for (let i = 0; i < forces.length; i += 3) largest = Math.max(largest, Math.hypot(forces[i] ?? NaN, forces[i + 1] ?? NaN, forces[i + 2] ?? NaN))
  return largest
}
